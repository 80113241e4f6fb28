import { packed } from '../scripts/packed-weights.ts';
import type { CausalWeights } from '../src/formats/causal/causal-weights.ts';
import { loadCausal, type PackedModel } from '../src/formats/causal/load.ts';
import { describeModel } from '../src/formats/describe-model.ts';
import { chooseDtype } from '../src/formats/formats.ts';
import type { Dtype, ModelManifest } from '../src/model-files/manifest.ts';
import { resolveModel } from '../src/model-files/resolve-model.ts';
import { loadNativeTokenizer } from '../src/tokenization/native-tokenizer.ts';
import { engineSettings } from './engine-settings.ts';
import { sequenceFlops } from './flops.ts';
import { gateGolden } from './gate.ts';
import { gateScores } from './gate-scores.ts';
import { createGemm, type GemmCalibrator } from './gemm.ts';
import { withInt8 } from './int8-weights.ts';
import { LoadGenerator } from './load-generator.ts';
import type { BenchOptions } from './options.ts';
import { type RunningService, startService } from './service.ts';
import { openWorkloads, type Workloads } from './workloads.ts';

/** What computes more than this a token serves a few texts a second: most loads of a small model would take it hours. */
export const LARGE_FLOPS_PER_TOKEN = 1e8;

/** What every section measures with. */
export interface EngineBench {
  /** As MODEL names it. */
  setting: string;
  model: PackedModel;
  manifest: ModelManifest;
  /** The manifest's: only packed models are measured here. */
  weights: CausalWeights;
  /** What the model computes in. */
  dtype: Dtype;
  isLarge: boolean;
  workloads: Workloads;
  gemm: GemmCalibrator;
  load: LoadGenerator;
  /** The service with the model, on the same device in the same precision; started when first asked for. */
  service: () => Promise<RunningService>;
  options: BenchOptions;
  close: () => Promise<void>;
}

/** @throws {GateError} when the model's vectors or scores are wrong: then there is no speed to report. */
export async function openBench(setting: string, options: BenchOptions): Promise<EngineBench> {
  const location = resolveModel(setting);
  const described = await describeModel(location, { task: options.task });
  const needsEndToken = options.task === 'embed';
  const tokenizer = await loadNativeTokenizer(described.tokenizerFile, { needsEndToken });
  const { device } = options;
  const dtype = chooseDtype(described, device, options.dtype);
  const manifest = dtype === 'int8' ? await withInt8(location, described) : described;
  const weights = packed(manifest);
  // Int8 is compared with what the machine does in fp32.
  const gemmDtype = dtype === 'int8' ? 'fp32' : dtype;
  const model = await loadCausal({ pooling: 'last_token', weights }, engineSettings(manifest, device, dtype));
  if (options.task === 'rerank') await gateScores(model, manifest, dtype);
  if (manifest.name === 'starter') await gateGolden(model, manifest.hiddenSize, { device, dtype });
  let service: Promise<RunningService> | undefined;
  const load = new LoadGenerator();
  return {
    setting,
    model,
    manifest,
    weights,
    dtype,
    isLarge: sequenceFlops(manifest.cost, 1) > LARGE_FLOPS_PER_TOKEN,
    workloads: await openWorkloads(tokenizer),
    gemm: await createGemm(weights.architecture.hiddenSize, weights.architecture.intermediateSize, {
      device,
      dtype: gemmDtype,
    }),
    load,
    service: () => (service ??= startService(setting, { DEVICE: device, DTYPE: options.dtype, TASK: options.task })),
    options,
    async close() {
      load.stop();
      await (await service)?.stop();
    },
  };
}
