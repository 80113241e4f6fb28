import { InferenceSession, Tensor } from 'onnxruntime-node';
import { randomUint32 } from '../scripts/random-weights.ts';
import { sessionOptions } from '../src/engine/process/session-options.ts';
import type { Device } from '../src/engine/protocol.ts';
import { PRODUCT_TYPE } from '../src/formats/causal/causal-graph.ts';
import { ElementType, OnnxGraph } from '../src/formats/graph-writer/onnx-graph.ts';
import type { Dtype } from '../src/model-files/manifest.ts';

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
 * A graph of one matrix product in `dtype`, [1024, inputs] × [inputs, outputs], the weight a prepacked constant as in the
 * model. A Gather behind it picks one row: copying a result of megabytes to JavaScript is not what is measured.
 */
export async function createGemm(
  inputs: number,
  outputs: number,
  { device, dtype }: { device: Device; dtype: Dtype },
): Promise<GemmCalibrator> {
  const random = randomUint32(7);
  const noise = (length: number) => Float32Array.from({ length }, () => random() / 2 ** 31 - 1);
  const graph = new OnnxGraph('gemm');
  const x = graph.input('x', ElementType.float32, [ROWS, inputs]);
  const weight = graph.constant('weight', ElementType.float32, [outputs, inputs], noise(outputs * inputs));
  const row = graph.constant('row', ElementType.int64, [1], BigInt64Array.of(0n));
  const type = dtype === 'bf16' || dtype === 'fp16' ? PRODUCT_TYPE[dtype] : ElementType.float32;
  const cast = (value: string, to: ElementType, outputs?: string[]) =>
    graph.node('Cast', [value], { attributes: { to: { int: to } }, ...(outputs === undefined ? {} : { outputs }) });
  const product = graph.node('Gemm', [cast(x, type), cast(weight, type)], { attributes: { transB: { int: 1 } } });
  const picked = graph.node('Gather', [product, row]);
  cast(picked, ElementType.float32, [graph.output('y', ElementType.float32, [1, outputs])]);
  const options = sessionOptions({ device, deviceId: 0, threads: 0, prepacking: true });
  const session = await InferenceSession.create(graph.serialize({ '': 21 }), options);
  const feeds = { x: new Tensor('float32', noise(ROWS * inputs), [ROWS, inputs]) };
  return {
    description: `GEMM ${ROWS}×${inputs}×${outputs} ${dtype} on ${device}`,
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
