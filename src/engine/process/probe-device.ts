import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf, StartError } from '../../errors.ts';
import { ElementType, OnnxGraph } from '../../formats/graph-writer/onnx-graph.ts';
import { explainDeviceFailure } from '../explain-device-failure.ts';
import type { Device, EngineSettings } from '../protocol.ts';
import { sessionOptions } from './session-options.ts';

type Settings = Pick<EngineSettings, 'device' | 'deviceId' | 'threads' | 'prepacking' | 'mustBeatCpu'>;

/** Sides of the square matrices: the small one unmasks a software driver in milliseconds, the large one fills a GPU. */
const SMALL = 256;
const LARGE = 1024;
/** No GPU is that much slower than the CPU, not even at a product that hardly pays the call. */
const HOPELESS = 10;

/**
 * Proves, before weights are read, that the device is there and computes: a matrix product runs on it, with nothing
 * allowed on the CPU instead. A driver that crashes takes only this process with it.
 *
 * With `mustBeatCpu` the device must also be faster than the CPU: Vulkan has drivers in software, and ONNX Runtime does
 * not say which kind it found.
 *
 * @throws {StartError} one line: what is missing, and what to do.
 */
export async function probeDevice(settings: Settings): Promise<void> {
  const { device } = settings;
  if (device === 'cpu') return;
  let deviceSeconds: number;
  try {
    deviceSeconds = await secondsOfProduct(SMALL, settings);
  } catch (error) {
    throw new StartError(explainDeviceFailure(settings, messageOf(error)));
  }
  if (!settings.mustBeatCpu) return;
  const cpu = { ...settings, device: 'cpu' as Device };
  const cpuSeconds = await secondsOfProduct(SMALL, cpu);
  if (deviceSeconds > HOPELESS * cpuSeconds) throw slower(device, deviceSeconds / cpuSeconds);
  const large = await secondsOfProduct(LARGE, settings);
  const largeOnCpu = await secondsOfProduct(LARGE, cpu);
  if (large > largeOnCpu) throw slower(device, large / largeOnCpu);
}

/** x · xᵀ with x [side, side] of ones ÷ side, of which one row is fetched: the faster of two runs, after a first one. */
async function secondsOfProduct(side: number, settings: Settings): Promise<number> {
  const graph = new OnnxGraph('probe');
  const x = graph.input('x', ElementType.float32, [side, side]);
  const product = graph.node('Gemm', [x, x], { attributes: { transB: { int: 1 } } });
  const first = graph.constant('first', ElementType.int64, [1], BigInt64Array.of(0n));
  graph.node('Gather', [product, first], { outputs: [graph.output('row', ElementType.float32, [1, side])] });
  const session = await InferenceSession.create(graph.serialize({ '': 21 }), sessionOptions(settings));
  const feeds = { x: new Tensor('float32', new Float32Array(side * side).fill(1 / side), [side, side]) };
  const run = async () => {
    const start = performance.now();
    const { row } = await session.run(feeds);
    const values = row?.data as Float32Array;
    if (!values.every((value) => Math.abs(value * side - 1) < 0.01)) {
      throw new Error(`a matrix product came out as ${values[0]} instead of ${1 / side}`);
    }
    return (performance.now() - start) / 1000;
  };
  await run();
  return Math.min(await run(), await run());
}

function slower(device: Device, ratio: number): StartError {
  return new StartError(
    `A matrix product takes ${ratio.toFixed(1)} times as long on ${device} as on the CPU: a software driver, or a small GPU.`,
  );
}
