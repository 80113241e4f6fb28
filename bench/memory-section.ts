import type { EngineBench } from './open-bench.ts';
import { mebibytes, type Row } from './report.ts';
import { residentMemory } from './resident-memory.ts';
import { sum } from './statistics.ts';

const MEBIBYTE = 2 ** 20;
/** Bytes of a weight in memory, by the precision that products are computed in. */
const BYTES = { fp32: 4, bf16: 2, fp16: 2, int8: 1 } as const;

/** Resident memory of both processes, after all that the sections before asked of the service. */
export async function* measureMemory(bench: EngineBench): AsyncGenerator<Row> {
  const service = await bench.service();
  const memory = residentMemory(service);
  const row = { model: bench.manifest.name, measure: 'memory after all of that' };
  if (memory === null) {
    yield { ...row, result: 'not known on this system', against: '' };
    return;
  }
  const weights = weightBytes(bench, service.dtype);
  const beyond = memory.engine.anonymous - weights;
  yield {
    ...row,
    result: `RSS main ${mebibytes(memory.main.all)}, engine ${mebibytes(memory.engine.all)}`,
    against: `${mebibytes(memory.engine.anonymous)} of the engine are not mapped files: ${mebibytes(beyond)} beyond its matrices in ${service.dtype}`,
    targets: { mainMemory: memory.main.all / MEBIBYTE, engineMemory: beyond / MEBIBYTE },
  };
}

/** What the matrices must take in the precision of the products; the embedding table is read from its mapped file. */
function weightBytes({ weights }: EngineBench, dtype: string): number {
  const matrices = Object.entries(weights.tensors).filter(([name]) => !/^(embed_tokens|lm_head)/.test(name));
  const count = sum(matrices.map(([, { shape }]) => shape.reduce((product, size) => product * size, 1)));
  return count * (BYTES[dtype as keyof typeof BYTES] ?? 4);
}
