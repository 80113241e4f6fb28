import type { Priority } from '../../batching/priority.ts';
import { HotvecError } from '../../errors.ts';
import type { Encoding, Tokenizer } from '../../tokenization/tokenizer.ts';
import { truncateIds } from '../../tokenization/truncate.ts';
import type { InputFailures } from '../input-failures.ts';
import {
  type AcceptedInput,
  acceptInput,
  promptTooLong,
  tooLong,
  withinCharacters,
  withPrompt,
} from './accept-input.ts';
import { checkTokenIds, checkTokenized, hasMarks, readIds } from './check-token-ids.ts';
import type { EmbeddingFacts, EmbedInput, Overlength, TokenIdsAre, TokenizedInput } from './embedder.ts';
import { choosePrompt } from './prompt.ts';

/** UTF-16 units that prompts may add to the texts of a request together: as many as a whole body may have by default. */
const MAX_PROMPT_UNITS = 2 ** 24;

/** UTF-16 units, or token ids, after which the tokens so far are counted. A text may make a piece longer. */
const MAX_UNITS_PER_PIECE = 400_000;
const NO_TOKENS = { before: 0, after: 0 };

export interface PrepareOptions {
  overlength: Overlength;
  /** Counts where it is below the model's limit. */
  maxInputTokens?: number | undefined;
  /** Default: as the operator chose. */
  maxRequestTokens?: number | undefined;
  /** Default: `checked`. */
  tokenIds?: TokenIdsAre | undefined;
  /** Default: someone may be waiting. */
  priority?: Priority | undefined;
}

/** What an input of a request became. */
export interface PreparedInput extends TokenizedInput {
  /** Its place among the inputs of the request. */
  position: number;
}

/** Turns inputs into token ids, and finds everything that can be wrong with them before the batcher hears of them. */
export class InputPreparer {
  private readonly model: EmbeddingFacts;
  private readonly tokenizer: Tokenizer;

  constructor(model: EmbeddingFacts, tokenizer: Tokenizer) {
    this.model = model;
    this.tokenizer = tokenizer;
  }

  /**
   * Looks at the inputs as far as it costs nothing.
   * @param failures gets what `acceptInput` refuses.
   * @returns the others, same order.
   * @throws {HotvecError} what `choosePrompt` and `checkPromptCopies` throw.
   */
  accept(inputs: readonly EmbedInput[], failures: InputFailures): AcceptedInput[] {
    const accepted: AcceptedInput[] = [];
    for (const [position, input] of inputs.entries()) {
      const prompt = this.promptFor(input);
      try {
        accepted.push(acceptInput(input, position, prompt, this.model));
      } catch (error) {
        failures.add(position, error);
      }
    }
    checkPromptCopies(accepted);
    return accepted;
  }

  /**
   * Piece by piece, and no further than to the tokens that a request may have: the inputs that follow cannot change that.
   *
   * @param failures gets those that cannot be sent: input_too_long, invalid_token_id, invalid_input.
   * @returns the others, same order; not longer than the limit, but for `overlength: 'keep'`.
   * @throws {HotvecError} too_many_tokens, input_too_long for a prompt that leaves no room.
   */
  async tokenize(
    accepted: readonly AcceptedInput[],
    options: PrepareOptions,
    failures: InputFailures,
  ): Promise<PreparedInput[]> {
    const { maxRequestTokens = this.model.maxRequestTokens } = options;
    /** Ids of each prompt alone, found when the first text behind it is too long: a request has one or two prompts. */
    const promptIds = new Map<string, Int32Array>();
    const prepared: PreparedInput[] = [];
    let total = 0;
    for (let start = 0, end = 0; start < accepted.length; start = end) {
      end = endOfPiece(accepted, start);
      const unicode = accepted.slice(start, end).filter((input) => isUnicode(input, failures));
      const piece = withinCharacters(unicode, this.model, options.overlength, failures);
      const encodings = await this.encode(piece, options);
      for (const [i, input] of piece.entries()) {
        const encoding = encodings[i];
        // Checked before the text is blamed: a prompt that leaves no room is not the text's fault.
        if (this.isOver(encoding, options) && input.prompt !== '' && !promptIds.has(input.prompt)) {
          promptIds.set(input.prompt, await this.tokenizePrompt(input, options));
        }
        try {
          const one = this.finish(input, encoding, promptIds, options);
          prepared.push(one);
          total += one.ids.length;
        } catch (error) {
          failures.add(input.position, error);
        }
        if (total <= maxRequestTokens) continue;
        throw new HotvecError(
          'too_many_tokens',
          `The request has more than ${maxRequestTokens} tokens, the limit per request; counting stopped at ${input.name}. Send fewer inputs at a time.`,
        );
      }
    }
    return prepared;
  }

  /** Encodings of the texts, at their places. */
  private async encode(piece: readonly AcceptedInput[], options: PrepareOptions): Promise<(Encoding | undefined)[]> {
    const texts = piece.map(({ content }) => content).filter((content) => typeof content === 'string');
    const encodings = await this.tokenizer.tokenize(texts, {
      enough: this.enoughOf(options),
      isBulk: options.priority === 'bulk',
    });
    if (encodings.length !== texts.length) throw new Error('the tokenizer skipped a text');
    if (texts.length === piece.length) return encodings;
    const next = encodings.values();
    return piece.map(({ content }) => (typeof content === 'string' ? next.next().value : undefined));
  }

  private isOver(encoding: Encoding | undefined, options: PrepareOptions): boolean {
    return encoding !== undefined && encoding.ids.length > this.limitOf(options) && options.overlength !== 'keep';
  }

  private finish(
    input: AcceptedInput,
    encoding: Encoding | undefined,
    promptIds: ReadonlyMap<string, Int32Array>,
    options: PrepareOptions,
  ): PreparedInput {
    const { position, name, isCut } = input;
    const { overlength } = options;
    const maxTokens = this.limitOf(options);
    const ids = this.checkedIds(input, encoding, options);
    // Asked for as they are, whatever the model reads of them.
    if (overlength === 'keep' && ids.length > 0) return { position, ids, truncated: false };
    if (ids.length <= maxTokens) return { position, ids: readIds(ids, name, this.model), truncated: isCut };
    // Never the prompt is cut: without it the text would be another kind of input.
    const side = overlength === 'start' ? 'start' : 'end';
    const { special, marks } = this.tokenizer;
    // Ids that came as they are may have no special tokens that could be kept.
    const isBare = encoding === undefined && marks !== undefined && !hasMarks(ids, marks);
    const kept = truncateIds(ids, maxTokens, side, isBare ? NO_TOKENS : special, promptIds.get(input.prompt));
    return { position, ids: readIds(kept, name, this.model), truncated: true };
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

  /** Ids of the prompt of an input, special tokens before it included. */
  private async tokenizePrompt({ prompt, promptSource }: AcceptedInput, options: PrepareOptions): Promise<Int32Array> {
    const maxTokens = this.limitOf(options);
    const { special } = this.tokenizer;
    const [encoding] = await this.tokenizer.tokenize([prompt], {
      enough: maxTokens,
      isBulk: options.priority === 'bulk',
    });
    const { ids, isCutShort } = encoding as Encoding;
    const bare = ids.subarray(0, ids.length - special.after);
    if (ids.length >= maxTokens) {
      throw promptTooLong(`has ${isCutShort ? `more than ${maxTokens}` : ids.length} tokens`, promptSource, maxTokens);
    }
    return bare;
  }
}

function endOfPiece(accepted: readonly AcceptedInput[], start: number): number {
  let units = 0;
  let end = start;
  for (; end < accepted.length && units < MAX_UNITS_PER_PIECE; end++)
    units += (accepted[end] as AcceptedInput).content.length;
  return end;
}

/**
 * Whether an input is token ids, or text in valid Unicode: there is no UTF-8 for a lone surrogate. @param failures gets
 * it otherwise.
 */
function isUnicode({ content, name, position }: AcceptedInput, failures: InputFailures): boolean {
  if (typeof content !== 'string' || content.isWellFormed()) return true;
  const message = `${name} is not valid Unicode: it contains half of a surrogate pair.`;
  failures.add(position, new HotvecError('invalid_input', message, { param: name }));
  return false;
}

/**
 * A prompt is sent once and read once for each text. Whether it is too long its tokens tell, but of a long one, even of
 * spaces that cost no token, two thousand copies are more to read than any request could send.
 *
 * @throws {HotvecError} input_too_long.
 */
function checkPromptCopies(inputs: readonly AcceptedInput[]): void {
  let units = 0;
  for (const input of inputs) {
    units += input.prompt.length;
    if (units <= MAX_PROMPT_UNITS) continue;
    const isInstruction = input.promptSource === 'instruction';
    throw new HotvecError(
      'input_too_long',
      `${isInstruction ? 'The instruction' : "The model's prompt"} of ${input.prompt.length} characters would be added to ${inputs.length} inputs: more than ${MAX_PROMPT_UNITS} characters in all. Shorten it, or send fewer inputs at a time.`,
      isInstruction ? { param: 'instruction' } : {},
    );
  }
}
