import { chooseDtype } from '../src/formats/choose-dtype.ts';
import { loadManifest } from '../src/formats/load-manifest.ts';
import { PackedModel } from '../src/formats/qwen3/packed-model.ts';
import type { ModelManifest, PackedWeights } from '../src/model-files/manifest.ts';
import { resolveModel } from '../src/model-files/resolve-model.ts';
import { loadNativeTokenizer } from '../src/tokenization/native-tokenizer.ts';
import { engineSettings } from './engine-settings.ts';
import { sequenceFlops } from './flops.ts';
import { gateGolden } from './gate.ts';
import { createGemm, type GemmCalibrator } from './gemm.ts';
import { int8Weights } from './int8-weights.ts';
import { LoadGenerator } from './load-generator.ts';
import type { BenchOptions } from './options.ts';
import { type RunningService, startService } from './service.ts';
import { openWorkloads, type Workloads } from './workloads.ts';

/** What computes more than this a token serves a few texts a second: most loads of a small model would take it hours. */
const LARGE_FLOPS_PER_TOKEN = 1e8;

/** What every section measures with. */
export interface EngineBench {
  /** As MODEL names it. */
  setting: string;
  model: PackedModel;
  manifest: ModelManifest;
  /** The manifest's: only packed models are measured here. */
  weights: PackedWeights;
  isLarge: boolean;
  workloads: Workloads;
  gemm: GemmCalibrator;
  load: LoadGenerator;
  /** The service with the model, on the same device in the same precision; started when first asked for. */
  service: () => Promise<RunningService>;
  options: BenchOptions;
  close: () => Promise<void>;
}

/** @throws {GateError} when the model's vectors are wrong: then there is no speed to report. */
export async function openBench(setting: string, options: BenchOptions): Promise<EngineBench> {
  const location = resolveModel(setting);
  const manifest = await loadManifest(location);
  if (manifest.weights.kind !== 'packed')
    throw new Error(`${setting} is an ONNX export; the benchmark measures the packed path.`);
  const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile);
  const { device } = options;
  const dtype = chooseDtype(manifest.weights, device, options.dtype);
  const weights = dtype === 'int8' ? await int8Weights(location, manifest.weights) : manifest.weights;
  // Int8 is compared with what the machine does in fp32.
  const gemmDtype = dtype === 'int8' ? 'fp32' : dtype;
  const model = await PackedModel.load(weights, engineSettings(manifest, device, dtype));
  if (manifest.name === 'starter') await gateGolden(model, manifest.hiddenSize, { device, dtype });
  let service: Promise<RunningService> | undefined;
  const load = new LoadGenerator();
  return {
    setting,
    model,
    manifest,
    weights,
    isLarge: sequenceFlops(weights, 1) > LARGE_FLOPS_PER_TOKEN,
    workloads: await openWorkloads(tokenizer),
    gemm: await createGemm(weights.architecture.hiddenSize, weights.architecture.intermediateSize, {
      device,
      dtype: gemmDtype,
    }),
    load,
    service: () => (service ??= startService(setting, { DEVICE: device, DTYPE: options.dtype })),
    options,
    async close() {
      load.stop();
      await (await service)?.stop();
    },
  };
}
