import type { Batcher } from '../batching/batcher.ts';
import type { Clock } from '../clock.ts';
import { HotvecError } from '../errors.ts';
import type { Tokenizer } from '../tokenization/tokenizer.ts';
import { truncateIds } from '../tokenization/truncate.ts';
import type { Embedder, EmbedInput, EmbedOptions, EmbedResult, Metric, ModelFacts } from './embedder.ts';
import { finishVector } from './finish-vector.ts';
import { choosePrompt } from './prompt.ts';
import { scoreMatrix } from './score-matrix.ts';

/**
 * UTF-16 units a token can stand for, generously: texts past this many units per allowed token are not worth
 * tokenizing to learn that they are too long.
 */
const MAX_UNITS_PER_TOKEN = 32;

export interface PipelineOptions {
  model: ModelFacts;
  tokenizer: Tokenizer;
  batcher: Batcher;
  clock: Clock;
}

interface Sequence {
  ids: Int32Array;
  truncated: boolean;
}

/** The pipeline: prompt → tokenize → admit → batch → slice → normalize. */
export class PipelineEmbedder implements Embedder {
  readonly model: ModelFacts;
  isDraining = false;
  private readonly tokenizer: Tokenizer;
  private readonly batcher: Batcher;
  private readonly clock: Clock;

  constructor({ model, tokenizer, batcher, clock }: PipelineOptions) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.batcher = batcher;
    this.clock = clock;
  }

  /** From now on `readiness()` says no, so that load balancers look elsewhere; requests are still served. */
  announceDrain(): void {
    this.isDraining = true;
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
    const { signal, owner } = options;
    const startedAt = this.clock.now();
    const dimensions = this.checkDimensions(options.dimensions);
    // Turned away before it costs anything, where it must be turned away.
    this.checkReady();
    this.batcher.admit(0, owner);

    const sequences = await this.tokenize(inputs, options);
    const tokenizedAt = this.clock.now();
    const submitted = await this.batcher.submit(
      sequences.map(({ ids }) => ids),
      { signal, owner, deadline: startedAt + options.timeLimit },
    );
    const normalize = options.normalize ?? this.model.normalize;
    const vectors = submitted.rows.map((row) => finishVector(row, dimensions, normalize));
    if (vectors.length !== inputs.length) throw new Error(`${inputs.length} inputs gave ${vectors.length} vectors`);
    return {
      vectors,
      tokens: sequences.map(({ ids }) => ids.length),
      truncated: sequences.map(({ truncated }) => truncated),
      timings: {
        tokenize: tokenizedAt - startedAt,
        queue: submitted.queueMilliseconds,
        infer: submitted.inferMilliseconds,
      },
      batches: submitted.batches,
      lastBatchId: submitted.lastBatchId,
    };
  }

  compare(queries: readonly Float32Array[], documents: readonly Float32Array[], metric: Metric): Promise<Float32Array> {
    return scoreMatrix(queries, documents, metric);
  }

  private checkReady(): void {
    this.batcher.checkReady();
    // Vectors that cannot be told apart from another model's are not handed out.
    if (this.model.fingerprint === null)
      throw new HotvecError('not_ready', 'The model is still loading.', { retryAfterMs: 1000 });
  }

  private checkDimensions(dimensions: number | null): number {
    const { hiddenSize, matryoshkaMinimum } = this.model;
    if (dimensions === null || dimensions === hiddenSize) return hiddenSize;
    const minimum = matryoshkaMinimum ?? hiddenSize;
    if (dimensions < minimum || dimensions > hiddenSize) {
      const range = minimum === hiddenSize ? `${hiddenSize}` : `${minimum} to ${hiddenSize}`;
      throw new HotvecError('invalid_dimensions', `dimensions is ${dimensions}; this model gives ${range}.`, {
        param: 'dimensions',
      });
    }
    return dimensions;
  }

  /** Everything that can be wrong with the inputs is found here, before the batcher hears of them. */
  private async tokenize(inputs: readonly EmbedInput[], options: EmbedOptions): Promise<Sequence[]> {
    const { maxInputTokens, maxRequestTokens } = this.model;
    const prompt = choosePrompt(options, this.model.prompts);
    const isCut = new Set<number>();
    const texts: string[] = [];
    for (const [i, input] of inputs.entries()) {
      if (typeof input !== 'string') {
        if (prompt === '') continue;
        const name = options.nameOf(i);
        throw new HotvecError(
          'invalid_input',
          `${name} is token ids, and a prompt can only be put before a text. Send the text.`,
          {
            param: name,
          },
        );
      }
      const text = this.capText(prompt + input, i, options);
      if (text.length < prompt.length + input.length) isCut.add(i);
      texts.push(text);
    }
    const encodings = (await this.tokenizer.tokenize(texts)).values();
    let total = 0;
    return inputs.map((input, i) => {
      const ids =
        typeof input === 'string' ? encodings.next().value?.ids : this.checkTokenIds(input, options.nameOf(i));
      if (ids === undefined) throw new Error('the tokenizer left a text out');
      if (ids.length > maxInputTokens && options.truncate === 'error') {
        throw tooLong(`has ${ids.length} tokens`, options.nameOf(i), maxInputTokens);
      }
      const side = options.truncate === 'start' ? 'start' : 'end';
      const kept = truncateIds(ids, maxInputTokens, side, this.tokenizer.special);
      total += kept.length;
      if (total > maxRequestTokens) {
        throw new HotvecError(
          'too_many_tokens',
          `The request has more than ${maxRequestTokens} tokens, the limit per request; it was counted up to ${options.nameOf(i)}. Send fewer inputs at a time.`,
        );
      }
      return { ids: kept, truncated: kept.length < ids.length || isCut.has(i) };
    });
  }

  /** Bounds what the tokenizer is given. */
  private capText(text: string, index: number, options: EmbedOptions): string {
    const { maxInputTokens } = this.model;
    const maxUnits = MAX_UNITS_PER_TOKEN * maxInputTokens;
    if (text.length <= maxUnits) return text;
    switch (options.truncate) {
      case 'error':
        throw tooLong(`has ${text.length} characters`, options.nameOf(index), maxInputTokens);
      case 'end':
        return text.slice(0, isHighSurrogate(text, maxUnits - 1) ? maxUnits - 1 : maxUnits);
      case 'start': {
        const start = text.length - maxUnits;
        return text.slice(isHighSurrogate(text, start - 1) ? start + 1 : start);
      }
    }
  }

  private checkTokenIds(input: readonly number[], name: string): Int32Array {
    const { vocabularySize } = this.model;
    const foreign = input.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabularySize));
    if (foreign !== undefined) {
      throw new HotvecError(
        'invalid_token_id',
        `Token id ${foreign} in ${name} is not in this model's vocabulary of ${vocabularySize}. If a client library made these ids with another tokenizer, make it send texts: in LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False.`,
        { param: name },
      );
    }
    return Int32Array.from(input);
  }
}

function tooLong(found: string, name: string, maxTokens: number): HotvecError {
  return new HotvecError(
    'input_too_long',
    `${name} ${found}; the limit is ${maxTokens} tokens an input. Split it, or send "truncate": "end".`,
    { param: name },
  );
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xdc00;
}
