import { StartError } from '../errors.ts';
import type { Json, ReadJson } from './read-json.ts';
import { refuseAdapters } from './refuse-adapters.ts';
import { readSentenceModules, type SentenceModules } from './sentence-modules.ts';

/** Modules of sentence-transformers that make something else than one dense vector a text, and what that is. */
const OTHER_MODULES: Record<string, string> = {
  LogitScore: 'a reranker: it scores pairs of texts and gives no vectors',
  StaticEmbedding:
    'a static embedding model (model2vec): a table of token vectors without a transformer, whose mean leaves unknown tokens out. No export makes it one that hotvec serves',
  SparseStaticEmbedding: 'a sparse embedding model',
  SpladePooling: 'a sparse embedding model (SPLADE)',
  SparseAutoEncoder: 'a sparse embedding model',
  MLMTransformer: 'a sparse embedding model (SPLADE)',
  MultiVectorMask: 'a multi-vector model (ColBERT and its kin), which gives a vector a token',
  TokenPooling: 'a multi-vector model (ColBERT and its kin), which gives a vector a token',
};

/** `model_type` of config_sentence_transformers.json, other than SentenceTransformer and none. */
const OTHER_TYPES: Record<string, string> = {
  CrossEncoder: OTHER_MODULES.LogitScore as string,
  SparseEncoder: 'a sparse embedding model',
  MultiVectorEncoder: OTHER_MODULES.MultiVectorMask as string,
};

/**
 * Refuses what is no dense embedding model, or not a whole one, by what its small files say; before any weights are
 * needed, so that none are downloaded.
 *
 * @param has whether the model has a file, by its path relative to the model's folder.
 * @returns the modules of modules.json; null where there is none.
 * @throws {StartError} saying what the model is.
 */
export async function checkModelKind(
  name: string,
  has: (file: string) => boolean,
  read: ReadJson,
): Promise<SentenceModules | null> {
  const [modules, sentenceConfig, config] = await Promise.all([
    readSentenceModules(read),
    read('config_sentence_transformers.json') as Promise<Json | undefined>,
    read('config.json') as Promise<Json | undefined>,
  ]);
  refuseAdapters(name, has, modules);
  const refuse = (evidence: string, what: string) =>
    new StartError(
      `${name} is ${what} (${evidence}). hotvec serves dense text-embedding models: one vector a text. Choose another model.`,
    );
  const type = String(sentenceConfig?.model_type ?? 'SentenceTransformer');
  const otherType = OTHER_TYPES[type];
  if (otherType !== undefined) throw refuse(`config_sentence_transformers.json: model_type is ${type}`, otherType);
  const otherModule = modules?.kinds.find((kind) => OTHER_MODULES[kind] !== undefined);
  if (otherModule !== undefined) throw refuse(`modules.json: ${otherModule}`, OTHER_MODULES[otherModule] as string);
  if (
    config?.model_type === 'model2vec' ||
    (config?.model_type === undefined && config?.embedding_dtype !== undefined)
  ) {
    throw refuse('config.json', OTHER_MODULES.StaticEmbedding as string);
  }
  const classifier = [config?.architectures].flat().find((one) => /ForSequenceClassification$/.test(String(one)));
  if (classifier !== undefined && modules === null) {
    throw refuse(
      `config.json: architectures is ${classifier}, and there is no modules.json`,
      `a reranker or another classifier: it scores texts and gives no vectors`,
    );
  }
  return modules;
}
