import { packed } from '../scripts/packed-weights.ts';
import type { CausalWeights } from '../src/formats/causal/causal-weights.ts';
import { loadCausal, type PackedModel } from '../src/formats/causal/load.ts';
import { describeModel } from '../src/formats/describe-model.ts';
import { chooseDtype } from '../src/formats/formats.ts';
import type { Dtype, ModelManifest } from '../src/model-files/manifest.ts';
import { resolveModel } from '../src/model-files/resolve-model.ts';
import { loadNativeTokenizer } from '../src/tokenization/native-tokenizer.ts';
import type { Tokenizer } from '../src/tokenization/tokenizer.ts';
import { engineSettings } from './engine-settings.ts';
import { withInt8 } from './int8-weights.ts';
import type { BenchOptions } from './options.ts';

/** A model in this process, with nothing around it: what the service's engine process has. */
export interface OpenEngine {
  model: PackedModel;
  manifest: ModelManifest;
  /** The manifest's: only packed models are measured here. */
  weights: CausalWeights;
  /** What the model computes in. */
  dtype: Dtype;
  tokenizer: Tokenizer;
}

/** @param setting as MODEL names it. */
export async function openEngine(
  setting: string,
  { task, device, dtype: asked }: Pick<BenchOptions, 'task' | 'device' | 'dtype'>,
): Promise<OpenEngine> {
  const location = resolveModel(setting);
  const described = await describeModel(location, { task });
  const tokenizer = await loadNativeTokenizer(described.tokenizerFile, { needsEndToken: task === 'embed' });
  const dtype = chooseDtype(described, device, asked);
  const manifest = dtype === 'int8' ? await withInt8(location, described) : described;
  const weights = packed(manifest);
  const model = await loadCausal({ pooling: 'last_token', weights }, engineSettings(manifest, device, dtype));
  return { model, manifest, weights, dtype, tokenizer };
}
