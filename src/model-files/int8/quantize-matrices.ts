import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { messageOf, StartError } from '../../errors.ts';
import type { Int8Target } from './quantize-rows.ts';
import type { Matrix, QuantizedMatrix } from './quantize-worker.ts';

/** Each holds a matrix in memory, and few disks take what four of them make. */
const MOST_THREADS = 4;

/**
 * Quantizes matrices in worker threads, which read them. They come in the order given; those after it are worked on
 * meanwhile, two for each thread. Whoever stops early ends the threads.
 *
 * @throws {StartError} for weights that cannot be read or are not finite, and for a thread that is lost.
 */
export async function* quantizeMatrices(matrices: readonly Matrix[]): AsyncGenerator<Int8Target> {
  const threads = Math.min(MOST_THREADS, availableParallelism(), matrices.length);
  if (threads === 0) return;
  const pool = new Piscina<Matrix, QuantizedMatrix>({
    filename: fileURLToPath(new URL('./quantize-worker.js', import.meta.url)),
    name: 'quantizeMatrix',
    minThreads: threads,
    maxThreads: threads,
  });
  // A thread that cannot even start: those waiting for it get an error.
  pool.on('error', () => void pool.destroy());
  try {
    const running: Promise<QuantizedMatrix>[] = [];
    for (const i of matrices.keys()) {
      for (const matrix of matrices.slice(i + running.length, i + 2 * threads)) {
        const quantized = pool.run(matrix);
        // Nobody waits for it if another one fails first.
        quantized.catch(() => {});
        running.push(quantized);
      }
      const matrix = await (running.shift() as Promise<QuantizedMatrix>).catch((error: unknown) => {
        throw new StartError(`The thread that quantizes the weights to int8 ended (${messageOf(error)}). Try again.`);
      });
      if (!matrix.isValid) throw new StartError(matrix.message);
      yield matrix;
    }
  } finally {
    await pool.destroy();
  }
}
