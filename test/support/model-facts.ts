import type { EmbeddingFacts } from '../../src/tasks/embedding/embedder.ts';

/** Facts of a model in service that takes instructions and gives rows of 64 numbers, as far as a test does not change them. */
export function modelFacts(changes: Partial<EmbeddingFacts> = {}): EmbeddingFacts {
  const rowSize = changes.rowSize ?? 64;
  return {
    name: 'fake',
    dimensions: rowSize,
    rowSize,
    matryoshkaMinimum: null,
    matryoshkaDimensions: [],
    maxInputTokens: 10,
    maxRequestTokens: 50,
    vocabularySize: 1_000,
    pooling: 'last_token',
    textRules: null,
    emptyTexts: 'error',
    normalization: 'after_cut',
    prompts: {},
    defaultPrompt: '',
    takesInstructions: true,
    givesTokenVectors: true,
    weights: 'safetensors',
    dtype: 'fp32',
    device: 'cpu',
    revision: null,
    fingerprint: 'f',
    batchTokens: 100,
    weightBytes: null,
    ...changes,
  };
}
