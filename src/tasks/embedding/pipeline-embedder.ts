import type { Batcher } from '../../batching/batcher.ts';
import type { Clock } from '../../clock.ts';
import { HotvecError } from '../../errors.ts';
import type { Tokenizer } from '../../tokenization/tokenizer.ts';
import { InputFailures } from '../input-failures.ts';
import { PipelineService } from '../pipeline-service.ts';
import type { Task } from '../task.ts';
import { type AcceptedInput, leastTokens, withinCharacters } from './accept-input.ts';
import type {
  DescribedInput,
  Embedder,
  EmbeddingFacts,
  EmbedInput,
  EmbedOptions,
  EmbedResult,
  Metric,
  Overlength,
  ReadToken,
  TokenizedInput,
} from './embedder.ts';
import { finishVectors, type Normalization } from './finish-vector.ts';
import { InputPreparer, type PreparedInput } from './input-preparer.ts';
import { readPieces } from './read-pieces.ts';
import { scoreMatrix } from './score-matrix.ts';
import { checkedMatrices, checkTokenNumbers } from './token-vectors.ts';
import type { VectorCache } from './vector-cache.ts';

export interface PipelineOptions {
  model: EmbeddingFacts;
  tokenizer: Tokenizer;
  batcher: Batcher;
  /** null: every vector is computed. */
  cache: VectorCache | null;
  clock: Clock;
}

/**
 * Tokens that a request may have listed one by one, or decoded into a text: each is an object of 100 bytes and more.
 */
const MOST_SHOWN_TOKENS = 1_000_000;

type DimensionOptions = Pick<EmbedOptions, 'dimensions' | 'dimensionsName' | 'anyDimensions'>;

/** Embedding as a task: prompt and tokens before the engine, slice and norm after it. */
export class PipelineEmbedder extends PipelineService<EmbeddingFacts> implements Embedder {
  private readonly tokenizer: Tokenizer;
  private readonly preparer: InputPreparer;

  constructor({ model, tokenizer, batcher, cache, clock }: PipelineOptions) {
    super({ model, batcher, cache, clock });
    this.tokenizer = tokenizer;
    this.preparer = new InputPreparer(model, tokenizer);
  }

  async embed(inputs: readonly EmbedInput[], options: EmbedOptions): Promise<EmbedResult> {
    const { perToken = false } = options;
    const run = perToken ? { ...options, onError: 'fail' as const } : options;
    const task = this.taskOf(inputs, options, this.checkDimensions(options));
    const { answer: vectors, sequences, failures, facts } = await this.runner.run(task, run, { perToken });
    const tokens = sequences.map(({ ids }) => ids.length);
    return { vectors, tokens, truncated: sequences.map(({ truncated }) => truncated), failures, facts };
  }

  async tokenize(inputs: readonly EmbedInput[], overlength: Overlength): Promise<TokenizedInput[]> {
    const failures = new InputFailures('fail');
    return this.preparer.tokenize(this.preparer.accept(inputs, failures), { overlength }, failures);
  }

  async readTokens(inputs: readonly EmbedInput[], options: { specialTokens: boolean }): Promise<ReadToken[][]> {
    const failures = new InputFailures('fail');
    const accepted = this.preparer.accept(inputs, failures);
    // Finds what is wrong with them, and whether they are too many.
    await this.preparer.tokenize(accepted, { overlength: 'keep', maxRequestTokens: this.mostShown }, failures);
    const read: ReadToken[][] = [];
    for (const { content } of accepted) {
      read.push(await this.tokenizer.read(content as string, { ...options, unit: 'bytes' }));
    }
    return read;
  }

  async describeTokens(inputs: readonly EmbedInput[], overlength: Overlength): Promise<DescribedInput[]> {
    const failures = new InputFailures('fail');
    const accepted = this.preparer.accept(inputs, failures);
    const prepareOptions = { overlength, maxRequestTokens: this.mostShown };
    const prepared = await this.preparer.tokenize(accepted, prepareOptions, failures);
    const read = withinCharacters(accepted, this.model, overlength, failures);
    const described: DescribedInput[] = [];
    for (const [i, { ids, truncated }] of prepared.entries()) {
      const input = read[i] as AcceptedInput;
      const pieces = await readPieces(
        input,
        { ids, truncated },
        { overlength, model: this.model, tokenizer: this.tokenizer },
      );
      described.push({ ids, truncated, prompt: input.prompt, pieces });
    }
    return described;
  }

  async decode(inputs: readonly EmbedInput[], options: { specialTokens: boolean }): Promise<string[]> {
    const failures = new InputFailures('fail');
    // Whatever they mean, their text is asked for.
    const prepareOptions = { overlength: 'keep', maxRequestTokens: this.mostShown, tokenIds: 'as_is' } as const;
    const prepared = await this.preparer.tokenize(this.preparer.accept(inputs, failures), prepareOptions, failures);
    return this.tokenizer.decode(
      prepared.map(({ ids }) => Array.from(ids)),
      options,
    );
  }

  private get mostShown(): number {
    return Math.min(MOST_SHOWN_TOKENS, this.model.maxRequestTokens);
  }

  compare(queries: readonly Float32Array[], documents: readonly Float32Array[], metric: Metric): Promise<Float32Array> {
    return scoreMatrix(queries, documents, metric);
  }

  /** Prompt and truncation before, the cut and the norm after: what a row means to this task. */
  private taskOf(
    inputs: readonly EmbedInput[],
    { truncate, maxInputTokens, maxRequestTokens, tokenIds, priority, normalize, perToken }: EmbedOptions,
    dimensions: number,
  ): Task<PreparedInput, readonly Float32Array[]> {
    const prepareOptions = { overlength: truncate, maxInputTokens, maxRequestTokens, tokenIds, priority };
    let accepted: AcceptedInput[] = [];
    return {
      accept: (failures) => {
        accepted = this.preparer.accept(inputs, failures);
        const maxTokens = Math.min(maxInputTokens ?? Number.POSITIVE_INFINITY, this.model.maxInputTokens);
        return inputs.length === 0 ? null : leastTokens(accepted, maxTokens);
      },
      prepare: async (failures) => {
        const prepared = await this.preparer.tokenize(accepted, prepareOptions, failures);
        const tokens = prepared.reduce((sum, { ids }) => sum + ids.length, 0);
        if (perToken === true) checkTokenNumbers(tokens, this.model.rowSize);
        return prepared;
      },
      finish: (rows, prepared, failures) => {
        if (perToken === true) return checkedMatrices(rows);
        const normalization = this.normalizationFor(normalize);
        const allowsZeros = this.model.emptyTexts === 'zeros';
        return finishVectors(rows, prepared, { dimensions, normalization, allowsZeros }, failures);
      },
    };
  }

  /** @param normalize what the request says; null: nothing. */
  private normalizationFor(normalize: boolean | null): Normalization {
    if (normalize === null) return this.model.normalization;
    return normalize ? 'after_cut' : 'none';
  }

  /**
   * Components of a vector of these options.
   * @throws {HotvecError} invalid_dimensions.
   */
  checkDimensions({ dimensions, dimensionsName: name = 'dimensions', anyDimensions }: DimensionOptions): number {
    const { dimensions: native, matryoshkaMinimum } = this.model;
    if (dimensions === null || dimensions === native) return native;
    const minimum = anyDimensions === true ? 1 : (matryoshkaMinimum ?? native);
    if (dimensions < minimum || dimensions > native) {
      const range = minimum === native ? `${native}` : `${minimum} to ${native}`;
      throw new HotvecError('invalid_dimensions', `${name} is ${dimensions}; this model supports ${range}.`, {
        param: name,
      });
    }
    return dimensions;
  }
}
