import { refusalOf } from '../../errors.ts';
import { describeMissingSafetensors, hasSafetensors, safetensorsFiles } from '../../model-files/folder/safetensors.ts';
import { prepareInt8 } from '../../model-files/int8/prepare-int8.ts';
import type { BatchCost } from '../../model-files/manifest.ts';
import { AttentionView } from '../graph-writer/attention-view.ts';
import type { ModelFormat } from '../model-format.ts';
import { namesOf, stageFiles } from '../pooling/stages.ts';
import type { Architecture } from './architecture.ts';
import { architectureOf, MODEL_TYPES } from './architectures.ts';
import { checkSmallFiles, describeEncoder } from './describe-encoder.ts';
import { ENCODER_DTYPES } from './encoder-dtypes.ts';
import { ENCODER_CHOICE, type EncoderWeights } from './encoder-weights.ts';

/** Tables are looked up in: of them only rows that are asked for are read. */
const TABLE = /(embeddings?|embed_tokens|lm_head)\.weight$/;
/** Of a number, in memory; in int8 some matrices stay fp32. */
const BYTES: Readonly<Record<string, number>> = { fp32: 4, int8: 1 };

/** Encoders in safetensors, computed by hotvec's own bidirectional graphs. */
export const encoderFormat: ModelFormat<EncoderWeights> = {
  name: 'encoder',
  weightKind: 'safetensors',
  modelTypes: MODEL_TYPES,
  layout: 'packed',
  hasFilesForEachDtype: false,
  textsAreReadBy: 'transformers',
  pairWords: null,

  async recognize(files, facts) {
    const architecture = architectureOf(facts.config.model_type);
    if (architecture === undefined || architecture.isFor?.(facts.config) === false) {
      return { isOwn: false, reason: null };
    }
    if (!hasSafetensors(files)) return { isOwn: false, reason: describeMissingSafetensors(files) };
    const reason = await refusalOf(() => checkSmallFiles(files, facts));
    if (reason !== null) return { isOwn: false, reason };
    return { isOwn: true, dtypes: [...new Set(Object.values(ENCODER_DTYPES).flat())] };
  },

  async chooseFiles(files, { modules }) {
    return [...(await safetensorsFiles(files)), ...(modules === null ? [] : stageFiles(files, modules))];
  },

  describe: describeEncoder,

  dtypes: (_, device) => ENCODER_DTYPES[device],

  meter: ({ cost }, _, batchTokens) => new EncoderMeter({ maxTokens: batchTokens, cost }),

  weightFiles: ({ weights }) => [
    ...[...new Set(Object.values(weights.tensors).map(({ file }) => file))].sort(),
    ...weights.stages.map(({ weight }) => weight.file),
  ],

  residentBytes({ weights }, dtype) {
    const { ignored } = architectureOf(weights.architecture.modelType) as Architecture;
    const computed = Object.entries(weights.tensors).filter(([name]) => !TABLE.test(name) && !ignored.test(name));
    return computed.reduce((sum, [, { shape }]) => sum + (BYTES[dtype] ?? 4) * shape.reduce((a, b) => a * b, 1), 0);
  },

  engineFiles({ weights: { tensors, stages, int8 = {} } }) {
    const quantized = Object.values(int8).flatMap(({ values, scales }) => [values, scales]);
    return [...Object.values(tensors), ...stages.map(({ weight }) => weight), ...quantized].map(({ file }) => file);
  },

  architecture: ({ weights: { architecture, stages, hasHead, tokenTypes } }) => ({
    ...architecture,
    dense: namesOf(stages),
    ...(hasHead ? { hasHead, tokenTypes } : {}),
  }),

  quantization: (dtype) => (dtype === 'int8' ? ENCODER_CHOICE.scheme : undefined),

  async prepare(manifest, dtypes, { folders, ...options }) {
    if (!dtypes.has('int8')) return manifest;
    const int8 = await prepareInt8(manifest.weights.tensors, {
      choice: ENCODER_CHOICE,
      folders: folders(),
      ...options,
    });
    return { ...manifest, weights: { ...manifest.weights, int8 } };
  },
};

/** Measures a batch for an encoder's graph, whose matrix products work on tokens: they are the budget. */
class EncoderMeter {
  private readonly maxTokens: number;
  private readonly view: AttentionView;
  private tokens = 0;

  constructor({ maxTokens, cost }: { maxTokens: number; cost: BatchCost }) {
    this.maxTokens = maxTokens;
    this.view = new AttentionView(cost);
  }

  fits(tokenIds: Int32Array, part = 1): boolean {
    const maxTokens = part * this.maxTokens;
    return this.tokens + tokenIds.length <= maxTokens && this.view.fits(tokenIds.length, maxTokens);
  }

  add(tokenIds: Int32Array): void {
    this.tokens += tokenIds.length;
    this.view.add(tokenIds.length);
  }
}
