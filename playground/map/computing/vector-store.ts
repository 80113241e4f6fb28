import type { FromVectorsWorker, Question, Questions, ToVectorsWorker } from './vectors.worker.ts';

/** The vectors of a map, in a worker that computes with them. */
export interface VectorStore {
  /** @throws {DOMException} AbortError; {Error} why it could not be computed. */
  ask: <Name extends keyof Questions>(
    name: Name,
    asked: Questions[Name]['asked'],
    options?: AskOptions,
  ) => Promise<Questions[Name]['answer']>;
  close: () => void;
}

interface AskOptions {
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
}

/** Copied at once: a few milliseconds. */
const FLOATS_A_PART = 2 ** 20;

/**
 * Copies the vectors of some rows to a worker of their own, and lets the page have its turn after each part.
 * @param vectors row-major [all, dimensions].
 * @throws {DOMException} AbortError.
 */
export async function storeVectors(
  vectors: Float32Array,
  dimensions: number,
  { rows, signal }: { rows: Uint32Array; signal: AbortSignal },
): Promise<VectorStore> {
  const worker = new Worker(new URL('./vectors.worker.ts', import.meta.url), { type: 'module' });
  const tell = (message: ToVectorsWorker, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
  signal.addEventListener('abort', () => worker.terminate(), { once: true });
  tell({ kind: 'open', count: rows.length, dimensions });
  const rowsAPart = Math.max(1, Math.floor(FLOATS_A_PART / dimensions));
  for (let first = 0; first < rows.length; first += rowsAPart) {
    const part = rows.subarray(first, first + rowsAPart);
    const values = new Float32Array(part.length * dimensions);
    part.forEach((row, i) => {
      values.set(vectors.subarray(row * dimensions, (row + 1) * dimensions), i * dimensions);
    });
    tell({ kind: 'add', values }, [values.buffer]);
    await new Promise((resolve) => setTimeout(resolve));
    signal.throwIfAborted();
  }
  return { ask: askOf(worker, tell), close: () => worker.terminate() };
}

function askOf(worker: Worker, tell: (message: ToVectorsWorker) => void): VectorStore['ask'] {
  const waiting = new Map<number, (message: FromVectorsWorker) => void>();
  worker.onmessage = ({ data }: MessageEvent<FromVectorsWorker>) => waiting.get(data.id)?.(data);
  let last = 0;
  return (name, asked, { signal, onProgress } = {}) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, (message) => {
        if (message.kind === 'progress') return onProgress?.(message.done);
        waiting.delete(id);
        if (message.kind === 'failed') reject(new Error(message.why));
        else resolve(message.answer as Questions[typeof name]['answer']);
      });
      signal?.addEventListener(
        'abort',
        () => {
          if (!waiting.delete(id)) return;
          tell({ kind: 'drop', id });
          reject(signal.reason);
        },
        { once: true },
      );
      tell({ kind: 'ask', id, question: { name, ...asked } as Question });
    });
}
