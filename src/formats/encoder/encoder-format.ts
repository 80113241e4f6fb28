import { refusalOf, StartError } from '../../errors.ts';
import { choosePooling } from '../../model-files/folder/choose-pooling.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import {
  describeMissingSafetensors,
  hasSafetensors,
  locateTensors,
  safetensorsFiles,
  type TensorLocation,
  withoutPrefix,
} from '../../model-files/folder/safetensors.ts';
import { checkModules, readPooling } from '../../model-files/folder/sentence-modules.ts';
import { prepareInt8 } from '../../model-files/int8/prepare-int8.ts';
import type { BatchCost } from '../../model-files/manifest.ts';
import { AttentionView } from '../graph-writer/attention-view.ts';
import type { FolderFacts, ModelFormat } from '../model-format.ts';
import { denseFiles, findDenseLayers } from '../pooling/dense-layers.ts';
import type { Architecture } from './architecture.ts';
import { architectureOf, MODEL_TYPES } from './architectures.ts';
import { ENCODER_DTYPES } from './encoder-dtypes.ts';
import { ENCODER_CHOICE, type EncoderWeights } from './encoder-weights.ts';

/** Modules between Pooling and Normalize that the format computes. */
const BETWEEN = ['Dense'];
/** Tables are looked up in: of them only rows that are asked for are read. */
const TABLE = /embeddings?\.weight$/;
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
    if (architectureOf(facts.config.model_type) === undefined) return { isOwn: false, reason: null };
    if (!hasSafetensors(files)) return { isOwn: false, reason: describeMissingSafetensors(files) };
    const reason = await refusalOf(() => checkSmallFiles(files, facts));
    if (reason !== null) return { isOwn: false, reason };
    return { isOwn: true, dtypes: [...new Set(Object.values(ENCODER_DTYPES).flat())] };
  },

  async chooseFiles(files, { modules }) {
    return [...(await safetensorsFiles(files)), ...(modules === null ? [] : denseFiles(files, modules))];
  },

  async describe(files, facts) {
    const { config, modules, pooling: setting, task } = facts;
    if (task === 'rerank') throw noReranker(config.model_type);
    const architecture = architectureOf(config.model_type) as Architecture;
    const sizes = architecture.readConfig(config);
    const declared = modules === null ? null : await declaredPooling(files, modules);
    const pooling = choosePooling({ name: files.name, declared, isPooledInGraph: false }, setting);
    const dense = modules === null ? [] : await findDenseLayers(files, modules, sizes.hiddenSize);
    const tensors = namedAsToday(withoutPrefix(await locateTensors(files), architecture.prefixes));
    return {
      weights: { architecture: sizes, tensors, dense, hasHead: false },
      pooling,
      hiddenSize: dense.at(-1)?.weight.shape[0] ?? sizes.hiddenSize,
      vocabularySize: sizes.vocabularySize,
      positions: sizes.positions,
      cost: {
        perRow: 2 * sizes.layerCount * sizes.layerWeights,
        perSlotAndPosition: 4 * sizes.layerCount * sizes.headCount * sizes.headDim,
      },
      // Hidden states before a Dense module are of another space.
      givesTokenVectors: dense.length === 0,
      // Products of integers are the same in every batch, too (int8-products.ts).
      selfCheck: { paddingToken: null, dividesByNorm: false, exactDtypes: ['int8'] },
    };
  },

  dtypes: (_, device) => ENCODER_DTYPES[device],

  meter: ({ cost }, _, batchTokens) => new EncoderMeter({ maxTokens: batchTokens, cost }),

  weightFiles: ({ weights }) => [
    ...[...new Set(Object.values(weights.tensors).map(({ file }) => file))].sort(),
    ...weights.dense.map(({ weight }) => weight.file),
  ],

  residentBytes({ weights }, dtype) {
    const computed = Object.entries(weights.tensors).filter(([name]) => !TABLE.test(name));
    return computed.reduce((sum, [, { shape }]) => sum + (BYTES[dtype] ?? 4) * shape.reduce((a, b) => a * b, 1), 0);
  },

  engineFiles({ weights: { tensors, dense, int8 = {} } }) {
    const quantized = Object.values(int8).flatMap(({ values, scales }) => [values, scales]);
    return [...Object.values(tensors), ...dense.map(({ weight }) => weight), ...quantized].map(({ file }) => file);
  },

  architecture: ({ weights: { architecture, dense } }) => ({
    ...architecture,
    dense: dense.map(({ activation }) => activation),
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

/** @throws {StartError} for what the format does not compute, as far as config.json and the modules say it. */
async function checkSmallFiles(files: ModelFiles, { config, modules, task }: FolderFacts): Promise<void> {
  const architecture = architectureOf(config.model_type) as Architecture;
  architecture.readConfig(config);
  if (task === 'rerank') throw noReranker(config.model_type);
  if (modules !== null) await declaredPooling(files, modules);
}

function noReranker(modelType: unknown): StartError {
  return new StartError(`It is a reranker, and from safetensors of ${modelType} hotvec computes embeddings only.`);
}

async function declaredPooling(files: ModelFiles, modules: NonNullable<FolderFacts['modules']>) {
  checkModules(modules, BETWEEN);
  return readPooling((file) => files.readJson(file), modules);
}

/** Names as transformers has them today: it reads TensorFlow's words for a norm as PyTorch's. */
function namedAsToday(tensors: Readonly<Record<string, TensorLocation>>): Record<string, TensorLocation> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name.replace(/(?<=LayerNorm\.)gamma$/, 'weight').replace(/(?<=LayerNorm\.)beta$/, 'bias'),
      tensor,
    ]),
  );
}

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
