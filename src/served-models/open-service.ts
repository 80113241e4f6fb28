import type { Batcher } from '../batching/batcher.ts';
import type { Clock } from '../clock.ts';
import { StartError } from '../errors.ts';
import { formatOf } from '../formats/formats.ts';
import type { Layout } from '../formats/model-format.ts';
import type { ModelManifest, Scoring } from '../model-files/manifest.ts';
import type { EmbeddingFacts } from '../tasks/embedding/embedder.ts';
import type { Normalization } from '../tasks/embedding/finish-vector.ts';
import { PipelineEmbedder } from '../tasks/embedding/pipeline-embedder.ts';
import { VectorCache } from '../tasks/embedding/vector-cache.ts';
import { checkPairs, PairPreparer } from '../tasks/reranking/pair-preparer.ts';
import { PipelineReranker } from '../tasks/reranking/pipeline-reranker.ts';
import type { RerankingFacts } from '../tasks/reranking/reranker.ts';
import type { ModelFacts } from '../tasks/task-service.ts';
import { loadNativeTokenizer, type TokenizerOptions } from '../tokenization/native-tokenizer.ts';
import { type EncodedPart, loadPairTokenizer } from '../tokenization/pair-tokenizer.ts';
import { checkTokenizer } from '../tokenization/tokenizer.ts';
import type { ModelConfig } from './model-config.ts';

/** Of query and document, and of the words around them. */
const LEAST_OF_TEXTS = 2;

/** What answers a model's requests, and what it keeps of its answers. */
export type OpenService =
  | { task: 'embed'; service: PipelineEmbedder; cache: VectorCache | null }
  | { task: 'rerank'; service: PipelineReranker; cache: null };

/** What a model's service is made of. */
export interface ServiceParts {
  manifest: ModelManifest;
  config: ModelConfig;
  clock: Clock;
  batcher: Batcher;
  /** How the engine takes a batch. */
  layout: Layout;
}

/**
 * Opens the tokenizer of a model and what answers its requests.
 * @throws {StartError} what the tokenizers throw; for settings that are not for such a model.
 */
export function openService(parts: ServiceParts): Promise<OpenService> {
  const { scoring } = parts.manifest;
  checkEmptyTexts(parts);
  return scoring === null ? openEmbedder(parts) : openReranker(parts, scoring);
}

async function openEmbedder({ manifest, config, clock, batcher }: ServiceParts): Promise<OpenService> {
  const needsEndToken = manifest.pooling === 'last_token';
  const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile, { needsEndToken, ...tokenizerOptions(manifest) });
  await checkTokenizer(tokenizer, manifest.canary?.cases ?? []);
  const dimensions = manifest.truncateDimension ?? manifest.hiddenSize;
  const minimum = manifest.matryoshkaMinimum;
  const model: EmbeddingFacts = {
    ...manifest,
    ...factsOf(manifest, config),
    dimensions,
    matryoshkaMinimum: minimum === null ? null : Math.min(minimum, dimensions),
    matryoshkaDimensions: manifest.matryoshkaDimensions.filter((size) => size <= dimensions),
    normalization: normalizationOf(manifest),
    emptyTexts: config.emptyTexts,
  };
  const maxBytes = config.vectorCacheMb * 2 ** 20;
  const cache =
    maxBytes === 0 ? null : new VectorCache({ rowSize: model.rowSize, maxBytes, space: () => service.model });
  const service: PipelineEmbedder = new PipelineEmbedder({ model, tokenizer, batcher, cache, clock });
  return { task: 'embed', service, cache };
}

async function openReranker(
  { manifest, config, clock, batcher, layout }: ServiceParts,
  { template, activation }: Scoring,
): Promise<OpenService> {
  const tokenizer = await loadPairTokenizer(manifest.tokenizerFile, template, tokenizerOptions(manifest));
  const { source, defaultInstruction } = template;
  const model: RerankingFacts = { ...factsOf(manifest, config), activation, defaultInstruction, template: source };
  const fixed = Math.max(...[tokenizer.parts, tokenizer.instructedParts ?? []].map(tokensOf));
  if (model.maxInputTokens < fixed + LEAST_OF_TEXTS) {
    throw new StartError(
      `MAX_INPUT_TOKENS=${model.maxInputTokens} leaves no room for a query and a document: the template of ${manifest.name} has ${fixed} tokens besides. Raise it.`,
    );
  }
  // Whole, however short pairs are kept, as the engine runs them.
  const uncut = { ...model, maxInputTokens: manifest.maxTokens };
  await checkPairs(manifest.scoreCanary?.cases ?? [], new PairPreparer(uncut, tokenizer));
  return {
    task: 'rerank',
    service: new PipelineReranker({ model, tokenizer, sharesBeginnings: layout === 'shared', batcher, clock }),
    cache: null,
  };
}

/** Tokens of a template that are the same in every pair; words around a text are not counted. */
function tokensOf(parts: readonly EncodedPart[]): number {
  return parts.reduce((sum, part) => sum + ('ids' in part ? part.ids.length : 0), 0);
}

function tokenizerOptions(manifest: ModelManifest): Omit<TokenizerOptions, 'needsEndToken'> {
  const { tokenizer, vocabularySize, namedTokens } = manifest;
  return { ...tokenizer, vocabularySize, namedTokens };
}

function factsOf(manifest: ModelManifest, { maxInputTokens, maxRequestTokens }: ModelConfig): ModelFacts {
  return {
    name: manifest.name,
    rowSize: manifest.hiddenSize,
    maxInputTokens: Math.min(maxInputTokens, manifest.maxTokens),
    maxRequestTokens,
    vocabularySize: manifest.vocabularySize,
    weights: formatOf(manifest).weightKind,
    revision: manifest.revision,
    dtype: null,
    device: null,
    fingerprint: null,
    batchTokens: null,
    weightBytes: null,
  };
}

/** @throws {StartError} where zeros are asked for of a model that puts tokens around each text: none is empty to it. */
function checkEmptyTexts({ manifest: { name, textRules }, config: { emptyTexts } }: ServiceParts): void {
  if (emptyTexts === 'error' || textRules !== null) return;
  throw new StartError(
    `EMPTY_TEXTS=${emptyTexts} is for static embedding models, and ${name} is none. Unset it, or set it for one model in MODELS_FILE.`,
  );
}

/** How the model itself finishes a vector. */
function normalizationOf({ normalize, truncateDimension }: ModelManifest): Normalization {
  if (!normalize) return 'none';
  return truncateDimension === null ? 'after_cut' : 'before_cut';
}
