import type { BatchCost, Dtype } from '../../model-files/manifest.ts';
import { AttentionView } from '../graph-writer/attention-view.ts';
import type { ModelFormat } from '../model-format.ts';
import {
  chooseOwnFiles,
  ownEngineFiles,
  ownWeightFiles,
  recognizeOwnGraph,
  schemeOf,
  withInt8,
} from '../own-graph/own-weights.ts';
import { namesOf } from '../pooling/stages.ts';
import type { Architecture } from './architecture.ts';
import { architectureOf, MODEL_TYPES } from './architectures.ts';
import { checkSmallFiles, describeEncoder } from './describe-encoder.ts';
import { ENCODER_DTYPES } from './encoder-dtypes.ts';
import { type EncoderWeights, encoderChoice } from './encoder-weights.ts';

/** On one device or another. */
const ALL_DTYPES: readonly Dtype[] = [...new Set(Object.values(ENCODER_DTYPES).flat())];
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

  recognize(files, facts) {
    const architecture = architectureOf(facts.config.model_type);
    return recognizeOwnGraph(files, {
      isArchitecture: architecture !== undefined && architecture.isFor?.(facts.config) !== false,
      check: () => checkSmallFiles(files, facts),
      dtypes: ALL_DTYPES,
    });
  },

  chooseFiles: chooseOwnFiles,

  describe: describeEncoder,

  dtypes: (_, device) => ENCODER_DTYPES[device],

  meter: ({ cost }, _, batchTokens) => new EncoderMeter({ maxTokens: batchTokens, cost }),

  weightFiles: ({ weights }) => ownWeightFiles(weights),

  residentBytes({ weights }, dtype) {
    const { ignored } = architectureOf(weights.architecture.modelType) as Architecture;
    const computed = Object.entries(weights.tensors).filter(([name]) => !TABLE.test(name) && !ignored.test(name));
    return computed.reduce((sum, [, { shape }]) => sum + (BYTES[dtype] ?? 4) * shape.reduce((a, b) => a * b, 1), 0);
  },

  engineFiles: ({ weights }) => ownEngineFiles(weights),

  architecture: ({ weights: { architecture, stages, hasHead, tokenTypes } }) => ({
    ...architecture,
    dense: namesOf(stages),
    ...(hasHead ? { hasHead, tokenTypes } : {}),
  }),

  quantization: (dtype) => schemeOf(dtype, encoderChoice),

  prepare: (manifest, dtypes, options) => withInt8(manifest, dtypes, options, encoderChoice),
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
