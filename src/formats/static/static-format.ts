import path from 'node:path';
import { StartError } from '../../errors.ts';
import { choosePooling } from '../../model-files/folder/choose-pooling.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import { isModel2vec } from '../../model-files/folder/model-kind.ts';
import type { SentenceModules } from '../../model-files/folder/sentence-modules.ts';
import type { ModelFormat } from '../model-format.ts';
import {
  findStaticWeights,
  STATIC_DTYPES,
  type StaticWeights,
  TABLE_FILE,
  vocabularySizeOf,
} from './static-weights.ts';
import { readTextRules, tokenizerFileOf } from './text-rules.ts';

const MODULE = 'StaticEmbedding';

/**
 * Static embeddings: a table of token vectors, of which a text has the mean, as sentence-transformers and model2vec save
 * them. There is no graph.
 */
export const staticFormat: ModelFormat<StaticWeights> = {
  name: 'static',
  weightKind: 'safetensors',
  modelTypes: ['model2vec'],
  layout: 'packed',
  hasFilesForEachDtype: false,
  textsAreReadBy: 'format',
  pairWords: null,

  async recognize(_, { config, modules }) {
    const isStatic = modules === null ? isModel2vec(config) : modules.kinds[0] === MODULE;
    return isStatic ? { isOwn: true, dtypes: STATIC_DTYPES } : { isOwn: false, reason: null };
  },

  async chooseFiles(files, { modules }) {
    const folder = checkModules(files, modules);
    return [tokenizerFileOf({ folder }), path.posix.join(folder, TABLE_FILE)].filter((file) => files.has(file));
  },

  async describe(files, { config, modules, pooling: setting }) {
    const folder = checkModules(files, modules);
    const weights = await findStaticWeights(files, folder);
    const hiddenSize = weights.table.shape[1] as number;
    const isNormalizing = modules?.kinds.at(-1) === 'Normalize';
    return {
      weights,
      pooling: choosePooling({ name: files.name, declared: 'mean', isPooledInGraph: false }, setting),
      hiddenSize,
      vocabularySize: vocabularySizeOf(weights),
      positions: undefined,
      reading: await readTextRules({ files, folder, config, isNormalizing, weights }),
      cost: { perRow: 2 * hiddenSize, perSlotAndPosition: 0 },
      givesTokenVectors: true,
      selfCheck: { paddingToken: null, dividesByNorm: false, exactDtypes: [] },
    };
  },

  dtypes: (_, device) => (device === 'cpu' ? STATIC_DTYPES : []),

  meter: (_manifest, _dtype, batchTokens) => new TokenMeter(batchTokens),

  weightFiles: ({ weights }) => [weights.table.file],

  residentBytes: ({ weights: { table, mapping, weights } }) =>
    [table, mapping, weights].reduce((sum, tensor) => sum + (tensor?.byteLength ?? 0), 0),

  engineFiles: ({ weights }) => [weights.table.file],

  architecture: ({ textRules }) => ({ averagedAsBy: textRules?.source, leftOut: textRules?.leftOut }),

  quantization: async () => undefined,

  prepare: async (manifest) => manifest,
};

/**
 * The module's folder, relative to the model's; model2vec needs no modules.json.
 * @throws {StartError} for other modules after it; where its table is missing.
 */
function checkModules(files: ModelFiles, modules: SentenceModules | null): string {
  const kinds = modules?.kinds.join(', ') ?? MODULE;
  if (kinds !== MODULE && kinds !== `${MODULE}, Normalize`) {
    throw new StartError(`modules.json lists ${kinds}; after ${MODULE} hotvec supports Normalize, and nothing else.`);
  }
  const folder = modules?.folders[0] ?? '';
  const file = path.posix.join(folder, TABLE_FILE);
  if (files.has(file)) return folder;
  const pickle = path.posix.join(folder, 'pytorch_model.bin');
  throw new StartError(
    files.has(pickle)
      ? `${files.name} has its table only in ${pickle}, a pickle, which can run code, so hotvec does not load it. Save the model again with safetensors.`
      : `${files.name} has no ${file}, which has its table. Copy or download it again.`,
  );
}

/** Measures a batch in what it costs: tokens, each one row to be added. */
class TokenMeter {
  private readonly maxTokens: number;
  private tokens = 0;

  constructor(maxTokens: number) {
    this.maxTokens = maxTokens;
  }

  fits(tokenIds: Int32Array, part = 1): boolean {
    return this.tokens + tokenIds.length <= part * this.maxTokens;
  }

  add(tokenIds: Int32Array): void {
    this.tokens += tokenIds.length;
  }
}
