import { StartError } from '../../errors.ts';
import type { ModelFiles } from './model-files.ts';
import type { Json } from './read-json.ts';
import { refuseAdapters } from './refuse-adapters.ts';
import { readSentenceModules, type SentenceModules } from './sentence-modules.ts';

const RERANKER = 'a reranker: it scores pairs of texts and produces no vectors';
const STATIC =
  'a static embedding model (model2vec): a table of token vectors with no transformer, averaged without unknown tokens. No export turns it into a model that hotvec serves';
const SPARSE = 'a sparse embedding model (SPLADE and similar)';
const MULTI_VECTOR = 'a multi-vector model (ColBERT and similar), which produces one vector per token';

/** Modules of sentence-transformers that make something else than one dense vector a text, and what that is. */
const OTHER_MODULES: ReadonlyMap<unknown, string> = new Map([
  ['LogitScore', RERANKER],
  ['StaticEmbedding', STATIC],
  ['SparseStaticEmbedding', SPARSE],
  ['SpladePooling', SPARSE],
  ['SparseAutoEncoder', SPARSE],
  ['MLMTransformer', SPARSE],
  ['MultiVectorMask', MULTI_VECTOR],
  ['TokenPooling', MULTI_VECTOR],
]);

/** `model_type` of config_sentence_transformers.json, other than SentenceTransformer and none. */
const OTHER_TYPES: ReadonlyMap<unknown, string> = new Map([
  ['CrossEncoder', RERANKER],
  ['SparseEncoder', SPARSE],
  ['MultiVectorEncoder', MULTI_VECTOR],
]);

/**
 * Refuses anything that is not a complete dense embedding model, judging by its small files, before any weights are
 * needed, so that none are downloaded.
 *
 * @returns the modules of modules.json; null where there is none.
 * @throws {StartError} saying what the model is.
 */
export async function checkModelKind(files: ModelFiles): Promise<SentenceModules | null> {
  const { name } = files;
  const read = (file: string) => files.readJson(file);
  const [modules, sentenceConfig, config] = await Promise.all([
    readSentenceModules(read),
    read('config_sentence_transformers.json') as Promise<Json | undefined>,
    read('config.json') as Promise<Json | undefined>,
  ]);
  refuseAdapters(files, modules);
  const refuse = (evidence: string, what: string) =>
    new StartError(
      `${name} is ${what} (${evidence}). hotvec serves dense text-embedding models: one vector per text. Choose another model.`,
    );
  const type = sentenceConfig?.model_type;
  const otherType = OTHER_TYPES.get(type);
  if (otherType !== undefined) throw refuse(`config_sentence_transformers.json: model_type is ${type}`, otherType);
  for (const kind of modules?.kinds ?? []) {
    const other = OTHER_MODULES.get(kind);
    if (other !== undefined) throw refuse(`modules.json: ${kind}`, other);
  }
  const isModel2vec = config?.model_type === undefined && config?.embedding_dtype !== undefined;
  if (config?.model_type === 'model2vec' || isModel2vec) throw refuse('config.json', STATIC);
  const classifier = [config?.architectures]
    .flat()
    .find((one) => typeof one === 'string' && one.endsWith('ForSequenceClassification'));
  if (classifier !== undefined && modules === null) {
    throw refuse(
      `config.json: architectures is ${classifier}, and there is no modules.json`,
      `a reranker or another classifier: it scores texts and produces no vectors`,
    );
  }
  return modules;
}
