import type { Batcher } from '../../batching/batcher.ts';
import type { Clock } from '../../clock.ts';
import { HotvecError } from '../../errors.ts';
import type { Tokenizer } from '../../tokenization/tokenizer.ts';
import type {
  Embedder,
  EmbedInput,
  EmbedOptions,
  EmbedResult,
  Metric,
  ModelFacts,
  Overlength,
  ReadToken,
  StartFacts,
  TokenizedInput,
} from './embedder.ts';
import { finishVectors, type Normalization } from './finish-vector.ts';
import { InputFailures } from './input-failures.ts';
import { InputPreparer, type PreparedInput } from './input-preparer.ts';
import { leastTokens } from './least-tokens.ts';
import { RowSource } from './row-source.ts';
import { scoreMatrix } from './score-matrix.ts';
import { checkedMatrices, checkTokenNumbers } from './token-vectors.ts';
import type { VectorCache } from './vector-cache.ts';

export interface PipelineOptions {
  model: ModelFacts;
  tokenizer: Tokenizer;
  batcher: Batcher;
  /** null: every vector is computed. */
  cache: VectorCache | null;
  clock: Clock;
}

/** Tokens that are told one by one, or made a text of, in a request: each is an object of 100 bytes and more. */
const MOST_SHOWN_TOKENS = 1_000_000;

/** The pipeline: prompt → tokenize → admit → batch → slice → normalize. */
export class PipelineEmbedder implements Embedder {
  isDraining = false;
  private facts: ModelFacts;
  private readonly tokenizer: Tokenizer;
  private readonly preparer: InputPreparer;
  private readonly batcher: Batcher;
  private readonly rows: RowSource;
  private readonly clock: Clock;

  constructor({ model, tokenizer, batcher, cache, clock }: PipelineOptions) {
    this.facts = model;
    this.tokenizer = tokenizer;
    this.preparer = new InputPreparer(model, tokenizer);
    this.batcher = batcher;
    this.rows = new RowSource(batcher, cache);
    this.clock = clock;
  }

  get model(): ModelFacts {
    return this.facts;
  }

  /** The engine is ready: what it found out belongs to the facts, of which none changes any more. */
  begin(found: StartFacts): void {
    this.facts = Object.freeze({ ...this.facts, ...found });
  }

  /** From now on `readiness()` says no, so that load balancers look elsewhere; requests are still served. */
  announceDrain(): void {
    this.isDraining = true;
  }

  get isGivenUp(): boolean {
    return this.batcher.isGivenUp;
  }

  readiness(): { ready: true } | { ready: false; error: Error } {
    try {
      if (this.isDraining) throw new HotvecError('draining', 'The server is shutting down.', { retryAfterMs: 1000 });
      this.checkReady();
      return { ready: true };
    } catch (error) {
      return { ready: false, error: error as Error };
    }
  }

  async embed(inputs: readonly EmbedInput[], options: EmbedOptions): Promise<EmbedResult> {
    const { signal, owner, priority, timeLimit, perToken = false } = options;
    const startedAt = this.clock.now();
    const dimensions = this.checkDimensions(options);
    const { truncate: overlength, maxInputTokens, maxRequestTokens, tokenIds } = options;
    const onError = perToken ? 'fail' : (options.onError ?? 'fail');
    const failures = new InputFailures(onError);
    const accepted = this.preparer.accept(inputs, failures);
    // Turned away before it costs anything, where it must be turned away.
    this.checkReady();
    const maxTokens = Math.min(maxInputTokens ?? Number.POSITIVE_INFINITY, this.model.maxInputTokens);
    const release =
      inputs.length > 0 ? this.rows.expect({ tokens: leastTokens(accepted, maxTokens), owner, timeLimit }) : () => {};
    options.onPhase?.('tokenize');

    const prepareOptions = { overlength, maxInputTokens, maxRequestTokens, tokenIds };
    const prepared = await this.preparer.tokenize(accepted, prepareOptions, failures).finally(release);
    const tokenizedAt = this.clock.now();
    options.onPhase?.('queue');
    const sequences = prepared.map(({ ids }) => ids);
    const tokens = sequences.reduce((sum, { length }) => sum + length, 0);
    if (perToken) checkTokenNumbers(tokens, this.model.rowSize);
    options.onTokenized?.(tokens);
    const computed = await this.rows.rowsOf(sequences, {
      perToken,
      signal,
      owner,
      priority,
      onError,
      deadline: startedAt + timeLimit,
      onTakenUp: () => options.onPhase?.('infer'),
    });
    options.onPhase?.('encode');
    for (const [i, error] of computed.failures) failures.add((prepared[i] as PreparedInput).position, error);
    const normalization = this.normalizationFor(options.normalize);
    const vectors = perToken
      ? await checkedMatrices(computed.rows)
      : await finishVectors(computed.rows, prepared, { dimensions, normalization }, failures);
    const served = failures.spare(prepared);
    return {
      vectors,
      tokens: served.map(({ ids }) => ids.length),
      truncated: served.map(({ truncated }) => truncated),
      failures: failures.byPosition,
      facts: { ...computed.facts, timings: { tokenize: tokenizedAt - startedAt, ...computed.facts.timings } },
    };
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
    for (const { content } of accepted) read.push(await this.tokenizer.read(content as string, options));
    return read;
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

  /** @param normalize what the request says; null: nothing. */
  private normalizationFor(normalize: boolean | null): Normalization {
    if (normalize === null) return this.model.normalization;
    return normalize ? 'after_cut' : 'none';
  }

  private checkReady(): void {
    this.batcher.checkReady();
    // Vectors that cannot be told apart from another model's are not handed out.
    if (this.model.fingerprint === null)
      throw new HotvecError('not_ready', 'The model is still loading.', { retryAfterMs: 1000 });
  }

  private checkDimensions({ dimensions, dimensionsName: name = 'dimensions', anyDimensions }: EmbedOptions): number {
    const { dimensions: native, matryoshkaMinimum } = this.model;
    if (dimensions === null || dimensions === native) return native;
    const minimum = anyDimensions === true ? 1 : (matryoshkaMinimum ?? native);
    if (dimensions < minimum || dimensions > native) {
      const range = minimum === native ? `${native}` : `${minimum} to ${native}`;
      throw new HotvecError('invalid_dimensions', `${name} is ${dimensions}; this model gives ${range}.`, {
        param: name,
      });
    }
    return dimensions;
  }
}
