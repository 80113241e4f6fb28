import path from 'node:path';
import { StartError } from '../../errors.ts';
import type { TaskName } from '../manifest.ts';
import type { ModelFiles } from './model-files.ts';
import type { Json } from './read-json.ts';
import { readSentenceModules, type SentenceModules } from './sentence-modules.ts';

const SPARSE = 'a sparse embedding model (SPLADE and similar)';
const MULTI_VECTOR = 'a multi-vector model (ColBERT and similar), which produces one vector per token';

/** Modules of sentence-transformers that make something else than one dense vector a text, and what that is. */
const OTHER_MODULES: ReadonlyMap<unknown, string> = new Map([
  ['SparseStaticEmbedding', SPARSE],
  ['SpladePooling', SPARSE],
  ['SparseAutoEncoder', SPARSE],
  ['MLMTransformer', SPARSE],
  ['MultiVectorMask', MULTI_VECTOR],
  ['TokenPooling', MULTI_VECTOR],
]);

/** `model_type` of config_sentence_transformers.json, other than SentenceTransformer, CrossEncoder and none. */
const OTHER_TYPES: ReadonlyMap<unknown, string> = new Map([
  ['SparseEncoder', SPARSE],
  ['MultiVectorEncoder', MULTI_VECTOR],
]);

/** The class that ColBERT's own code names in config.json. */
const COLBERT = 'HF_ColBERT';

/** What a folder says that it is. */
export interface ModelKind {
  /** The modules of modules.json; null where there is none. */
  modules: SentenceModules | null;
  /** null: a language model, say, may be used for either. */
  task: TaskName | null;
}

/**
 * Refuses anything that is neither a complete dense embedding model nor a complete reranker, judging by its small files,
 * before any weights are needed, so that none are downloaded.
 *
 * @throws {StartError} saying what the model is.
 */
export async function readModelKind(files: ModelFiles): Promise<ModelKind> {
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
      `${name} is ${what} (${evidence}). hotvec serves dense text-embedding models, one vector per text, and rerankers. Choose another model.`,
    );
  const type = sentenceConfig?.model_type;
  const otherType = OTHER_TYPES.get(type);
  if (otherType !== undefined) throw refuse(`config_sentence_transformers.json: model_type is ${type}`, otherType);
  if ([config?.architectures].flat().includes(COLBERT)) {
    throw refuse(`config.json: architectures is ${COLBERT}`, MULTI_VECTOR);
  }
  for (const kind of modules?.kinds ?? []) {
    const other = OTHER_MODULES.get(kind);
    if (other !== undefined) throw refuse(`modules.json: ${kind}`, other);
  }
  const isReranker =
    type === 'CrossEncoder' ||
    modules?.kinds.includes('LogitScore') === true ||
    (modules === null && isClassifier(config));
  if (isReranker) return { modules, task: 'rerank' };
  const isEmbedder = modules !== null || isModel2vec(config);
  return { modules, task: isEmbedder ? 'embed' : null };
}

/** Whether a config.json is of model2vec, which does not always say it: then the precision of its table tells. */
export function isModel2vec(config: Json | undefined): boolean {
  const { model_type: type, embedding_dtype: dtype } = config ?? {};
  return type === 'model2vec' || (type === undefined && dtype !== undefined);
}

/** What scores texts by a head of its own; transformers names the class after it. */
export function isClassifier(config: Json | undefined): boolean {
  return [config?.architectures]
    .flat()
    .some((one) => typeof one === 'string' && one.endsWith('ForSequenceClassification'));
}

/**
 * Refuses a classifier that does not give one number; transformers gives it two labels where its config.json names none.
 * @throws {StartError} naming the field.
 */
export function checkSingleLabel(name: string, config: Json): void {
  const labels = config.num_labels ?? Object.keys((config.id2label as Json | undefined) ?? { 0: '', 1: '' }).length;
  if (labels === 1) return;
  throw new StartError(
    `${name} is a classifier of ${labels} labels (config.json: id2label), not a reranker: hotvec serves models that give one score for a query and a document. Choose another model.`,
  );
}

/** What PEFT and the adapters library write; transformers looks for the first beside every model that it loads. */
const ADAPTER_FILES = ['adapter_config.json', 'adapter_model.safetensors', 'adapter_model.bin', 'pytorch_adapter.bin'];

/**
 * An adapter (LoRA or similar) changes what the weights next to it compute: transformers applies it while loading them.
 * Weights without it would give vectors that look right.
 *
 * @throws {StartError} naming the file, and saying how to merge it into the weights.
 */
function refuseAdapters(files: ModelFiles, modules: SentenceModules | null): void {
  const folders = new Set(['', ...(modules?.folders ?? [])]);
  const found = [...folders]
    .flatMap((folder) => ADAPTER_FILES.map((file) => path.posix.join(folder, file)))
    .find((file) => files.has(file));
  if (found === undefined) return;
  const isWhole = ['config.json', 'onnx/model.onnx', 'model.onnx'].some((file) => files.has(file));
  const what = isWhole
    ? `next to its weights is ${found}, an adapter (LoRA or similar), which transformers applies to them and hotvec does not`
    : `${found}: this is an adapter (LoRA or similar), not a model; it modifies the weights of a base model`;
  throw new StartError(
    `${files.name}: ${what}. Merge it: model = SentenceTransformer(BASE); model[0].model = PeftModel.from_pretrained(model[0].model, FOLDER).merge_and_unload(); model.save_pretrained(MERGED), then serve MERGED.${isWhole ? " To serve the weights without it, remove the adapter's files." : ''}`,
  );
}
