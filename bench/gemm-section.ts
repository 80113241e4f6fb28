import type { EngineBench } from './open-bench.ts';
import { figure, type Row } from './report.ts';

/** What MFU is a share of, for the reader; it is measured again in every round beside the model. */
export async function* measureGemm({ gemm, manifest }: EngineBench): AsyncGenerator<Row> {
  const speed = `${figure((await gemm.measure()) / 1e9)} GFLOP/s`;
  yield { model: manifest.name, measure: gemm.description, result: speed, against: 'what MFU is a share of' };
}
