import { InferenceSession, Tensor } from 'onnxruntime-node';
import { randomUint32 } from '../scripts/random-weights.ts';
import { ElementType, OnnxGraph } from '../src/engine/packed/onnx-graph.ts';

const ROWS = 1024;
/** Long enough that call overhead and timer resolution do not count. */
const MEASURE_MS = 150;

/** The machine's own speed at the work a model mostly does: what model FLOP/s are a share of. */
export interface GemmCalibrator {
  /** Floating-point operations a second, measured now. */
  measure(): Promise<number>;
  description: string;
}

/**
 * A graph of one float32 matrix product [1024, inputs] × [inputs, outputs], the weight a prepacked constant as in the
 * model. A Gather behind it picks one row: copying a result of megabytes to JavaScript is not what is measured.
 */
export async function createGemm(inputs: number, outputs: number, threads: number): Promise<GemmCalibrator> {
  const random = randomUint32(7);
  const noise = (length: number) => Float32Array.from({ length }, () => random() / 2 ** 31 - 1);
  const graph = new OnnxGraph('gemm');
  const x = graph.input('x', ElementType.float32, [ROWS, inputs]);
  const weight = graph.constant('weight', ElementType.float32, [outputs, inputs], noise(outputs * inputs));
  const row = graph.constant('row', ElementType.int64, [1], BigInt64Array.of(0n));
  const product = graph.node('Gemm', [x, weight], { attributes: { transB: { int: 1 } } });
  graph.node('Gather', [product, row], { outputs: [graph.output('y', ElementType.float32, [1, outputs])] });
  const session = await InferenceSession.create(graph.serialize({ '': 21 }), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const feeds = { x: new Tensor('float32', noise(ROWS * inputs), [ROWS, inputs]) };
  return {
    description: `GEMM ${ROWS}×${inputs}×${outputs} fp32`,
    async measure() {
      await session.run(feeds);
      let runs = 0;
      const start = performance.now();
      while (performance.now() - start < MEASURE_MS) {
        await session.run(feeds);
        runs += 1;
      }
      return (runs * 2 * ROWS * inputs * outputs) / ((performance.now() - start) / 1000);
    },
  };
}
