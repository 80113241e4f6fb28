import { HotvecError } from '../../errors.ts';
import type { Encoding, Tokenizer } from '../../tokenization/tokenizer.ts';
import { truncateIds } from '../../tokenization/truncate.ts';
import { type AcceptedInput, acceptInput, promptTooLong, tooLong, withPrompt } from './accept-input.ts';
import { attempt, type OnError } from './attempt.ts';
import { checkPromptCopies } from './check-prompt-copies.ts';
import { checkTokenIds, checkTokenized, hasMarks } from './check-token-ids.ts';
import type { EmbedInput, ModelFacts, Overlength, TokenIdsAre, TokenizedInput } from './embedder.ts';
import { choosePrompt } from './prompt.ts';

/** UTF-16 units, or token ids, after which the tokens so far are counted. A text may make a piece longer. */
const MAX_UNITS_PER_PIECE = 400_000;
const NO_TOKENS = { before: 0, after: 0 };

export interface PrepareOptions {
  overlength: Overlength;
  /** Counts where it is below the model's limit. */
  maxInputTokens?: number | undefined;
  /** Left out: as the operator chose. */
  maxRequestTokens?: number | undefined;
  /** Left out: `checked`. */
  tokenIds?: TokenIdsAre | undefined;
  /** Of which an input has its error in its place. */
  onError: OnError;
}

/** Turns inputs into token ids, and finds everything that can be wrong with them before the batcher hears of them. */
export class InputPreparer {
  private readonly model: ModelFacts;
  private readonly tokenizer: Tokenizer;

  constructor(model: ModelFacts, tokenizer: Tokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /**
   * Looks at the inputs as far as it costs nothing.
   * @returns one an input, same order.
   * @throws {HotvecError} what `choosePrompt` and `checkPromptCopies` throw; with `onError: 'fail'` what `acceptInput`
   * throws.
   */
  accept(inputs: readonly EmbedInput[], { onError }: Pick<PrepareOptions, 'onError'>): (AcceptedInput | HotvecError)[] {
    const accepted = inputs.map((input) => {
      const prompt = this.promptFor(input);
      return attempt(onError, () => acceptInput(input, prompt));
    });
    checkPromptCopies(accepted);
    return accepted;
  }

  /**
   * Piece by piece, and no further than to the tokens that a request may have: the inputs that follow cannot change that.
   *
   * @returns one an input, same order; not longer than the limit, but for `overlength: 'keep'`.
   * @throws {HotvecError} too_many_tokens, input_too_long for a prompt that leaves no room; with `onError: 'fail'` also
   * input_too_long, invalid_token_id, invalid_input.
   */
  async tokenize(
    accepted: readonly (AcceptedInput | HotvecError)[],
    options: PrepareOptions,
  ): Promise<(TokenizedInput | HotvecError)[]> {
    const { maxRequestTokens = this.model.maxRequestTokens } = options;
    /** Ids of each prompt alone, found when the first text behind it is too long: a request has one or two prompts. */
    const promptIds = new Map<string, Int32Array>();
    const tokenized: (TokenizedInput | HotvecError)[] = [];
    let total = 0;
    while (tokenized.length < accepted.length) {
      const piece = pieceFrom(accepted, tokenized.length).map((input) =>
        input instanceof HotvecError ? input : attempt(options.onError, () => checkUnicode(input)),
      );
      const encodings = await this.encode(piece, this.enoughOf(options));
      for (const [i, input] of piece.entries()) {
        const one = input instanceof HotvecError ? input : await this.finish(input, encodings[i], promptIds, options);
        tokenized.push(one);
        if (one instanceof HotvecError) continue;
        total += one.ids.length;
        if (total <= maxRequestTokens) continue;
        throw new HotvecError(
          'too_many_tokens',
          `The request has more than ${maxRequestTokens} tokens, the limit per request; it was counted up to ${(input as AcceptedInput).name}. Send fewer inputs at a time.`,
        );
      }
    }
    return tokenized;
  }

  /** Encodings of the texts, at their places. */
  private async encode(
    piece: readonly (AcceptedInput | HotvecError)[],
    enough: number,
  ): Promise<(Encoding | undefined)[]> {
    const texts = piece.map((input) =>
      input instanceof HotvecError || typeof input.content !== 'string' ? null : input.content,
    );
    const wanted = texts.filter((text) => text !== null);
    const encodings = await this.tokenizer.tokenize(wanted, { enough });
    if (encodings.length !== wanted.length) throw new Error('the tokenizer left a text out');
    const next = encodings.values();
    return texts.map((text) => (text === null ? undefined : next.next().value));
  }

  private async finish(
    input: AcceptedInput,
    encoding: Encoding | undefined,
    promptIds: Map<string, Int32Array>,
    options: PrepareOptions,
  ): Promise<TokenizedInput | HotvecError> {
    const { prompt, promptSource } = input;
    const { overlength, onError } = options;
    const maxTokens = this.limitOf(options);
    const isOver = encoding !== undefined && encoding.ids.length > maxTokens && overlength !== 'keep';
    // Found before the text is blamed: a prompt that leaves no room is no fault of it.
    if (isOver && prompt !== '' && !promptIds.has(prompt)) {
      promptIds.set(prompt, await this.tokenizePrompt(prompt, promptSource, maxTokens));
    }
    const ids = attempt(onError, () => this.checkedIds(input, encoding, options));
    if (ids instanceof HotvecError) return ids;
    if (ids.length <= maxTokens || overlength === 'keep') return { ids, truncated: false };
    // Never the prompt is cut: without it the text would be another kind of input.
    const side = overlength === 'start' ? 'start' : 'end';
    const { special, marks } = this.tokenizer;
    // Ids that came as they are may have no special tokens that could be kept.
    const isBare = encoding === undefined && marks !== undefined && !hasMarks(ids, marks);
    const kept = truncateIds(ids, maxTokens, side, isBare ? NO_TOKENS : special, promptIds.get(prompt));
    return { ids: kept, truncated: true };
  }

  private checkedIds(
    { name, content, prompt }: AcceptedInput,
    encoding: Encoding | undefined,
    options: PrepareOptions,
  ): Int32Array {
    const { overlength, tokenIds } = options;
    const maxTokens = this.limitOf(options);
    const marks = tokenIds === 'as_is' ? undefined : this.tokenizer.marks;
    const ids = encoding?.ids ?? checkTokenIds(content as ArrayLike<number>, name, this.model, overlength, marks);
    if (encoding !== undefined) checkTokenized(ids, name, this.model);
    if (overlength === 'error' && ids.length > maxTokens) {
      const count = encoding?.isCutShort === true ? `more than ${maxTokens}` : ids.length;
      throw tooLong(`has ${count} tokens${withPrompt(prompt)}`, name, maxTokens);
    }
    return ids;
  }

  /** How many tokens of a text have to be known. */
  private enoughOf(options: PrepareOptions): number {
    if (options.overlength === 'start') return Number.POSITIVE_INFINITY;
    const { overlength, maxRequestTokens = this.model.maxRequestTokens } = options;
    return overlength === 'keep' ? maxRequestTokens : this.limitOf(options);
  }

  private limitOf({ maxInputTokens = Number.POSITIVE_INFINITY }: PrepareOptions): number {
    return Math.min(maxInputTokens, this.model.maxInputTokens);
  }

  private promptFor(input: EmbedInput): string {
    // Token ids that ask for no prompt go to the model as they are, whatever is put before texts.
    const asksForPrompt = input.role !== null || input.instruction !== null || input.promptName !== undefined;
    const isPlainIds = typeof input.content !== 'string' && !asksForPrompt;
    return isPlainIds ? '' : choosePrompt(input, this.model);
  }

  /** Ids of a prompt, special tokens before it included. */
  private async tokenizePrompt(
    prompt: string,
    source: AcceptedInput['promptSource'],
    maxTokens: number,
  ): Promise<Int32Array> {
    const { special } = this.tokenizer;
    const [encoding] = await this.tokenizer.tokenize([prompt], { enough: maxTokens });
    const { ids, isCutShort } = encoding as Encoding;
    const bare = ids.subarray(0, ids.length - special.after);
    if (ids.length >= maxTokens) {
      throw promptTooLong(`has ${isCutShort ? `more than ${maxTokens}` : ids.length} tokens`, source, maxTokens);
    }
    return bare;
  }
}

function pieceFrom(accepted: readonly (AcceptedInput | HotvecError)[], start: number): (AcceptedInput | HotvecError)[] {
  let units = 0;
  let end = start;
  for (; end < accepted.length && units < MAX_UNITS_PER_PIECE; end++) {
    const input = accepted[end] as AcceptedInput | HotvecError;
    units += input instanceof HotvecError ? 0 : input.content.length;
  }
  return accepted.slice(start, end);
}

/** @throws {HotvecError} invalid_input for a text that is not valid Unicode: no UTF-8 exists for a lone surrogate. */
function checkUnicode(input: AcceptedInput): AcceptedInput {
  const { content, name } = input;
  if (typeof content !== 'string' || content.isWellFormed()) return input;
  throw new HotvecError('invalid_input', `${name} is not valid Unicode: it holds half of a surrogate pair.`, {
    param: name,
  });
}
