import { HotvecError } from '../errors.ts';
import type { Encoding, Tokenizer } from '../tokenization/tokenizer.ts';
import { truncateIds } from '../tokenization/truncate.ts';
import type { EmbedInput, EmbedOptions, ModelFacts } from './embedder.ts';
import { choosePrompt } from './prompt.ts';

/**
 * UTF-16 units a token can stand for, generously: texts past this many units per allowed token are not worth
 * tokenizing to learn that they are too long.
 */
const MAX_UNITS_PER_TOKEN = 32;
/** UTF-16 units after which the tokens so far are counted. A text may make a piece longer. */
const MAX_UNITS_PER_PIECE = 400_000;

/** An input as the model will read it. */
export interface Sequence {
  /** Prompt and special tokens included; within the model's limit. */
  ids: Int32Array;
  /** Whether the input was cut short. */
  truncated: boolean;
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
   * @returns one sequence an input, same order.
   * @throws {HotvecError} invalid_input, input_too_long, too_many_tokens, invalid_token_id.
   */
  async prepare(inputs: readonly EmbedInput[], truncate: EmbedOptions['truncate']): Promise<Sequence[]> {
    const { maxInputTokens, maxRequestTokens } = this.model;
    const prompts = inputs.map((input) => this.promptFor(input));
    const texts = inputs.map(({ content, name }, i) => {
      const prompt = prompts[i] as string;
      if (typeof content === 'string') return this.capText(prompt, content, name, truncate);
      if (prompt === '') return null;
      throw new HotvecError('invalid_input', `${name} is token ids, and a prompt can only be put before a text.`, {
        param: name,
      });
    });
    const encodings = (await this.tokenizeAll(texts.filter((text) => text !== null))).values();
    /** Ids of each prompt alone, found when the first text behind it must be cut: a request has one or two prompts. */
    const promptIds = new Map<string, Int32Array>();
    const sequences: Sequence[] = [];
    let total = 0;
    for (const [i, { content, name }] of inputs.entries()) {
      const ids =
        typeof content === 'string' ? encodings.next().value?.ids : this.checkTokenIds(content, name, truncate);
      if (ids === undefined) throw new Error('the tokenizer left a text out');
      const unknown = typeof content === 'string' ? ids.find((id) => id >= this.model.vocabularySize) : undefined;
      if (unknown !== undefined) {
        throw new HotvecError(
          'invalid_token_id',
          `${name} has a token (id ${unknown}) that the tokenizer knows and the model, with ${this.model.vocabularySize}, does not. Remove it from the text.`,
          { param: name },
        );
      }
      if (ids.length === 0) {
        throw new HotvecError('invalid_input', `${name} has no tokens: this model's tokenizer drops all of it.`, {
          param: name,
        });
      }
      if (ids.length > maxInputTokens && truncate === 'error') {
        throw tooLong(`has ${ids.length} tokens`, name, maxInputTokens);
      }
      const prompt = prompts[i] as string;
      let kept = ids;
      if (ids.length > maxInputTokens) {
        if (prompt !== '' && !promptIds.has(prompt)) promptIds.set(prompt, await this.tokenizePrompt(prompt));
        // Never the prompt is cut: without it the text would be another kind of input.
        const side = truncate === 'start' ? 'start' : 'end';
        kept = truncateIds(ids, maxInputTokens, side, this.tokenizer.special, promptIds.get(prompt));
      }
      const isCapped = typeof content === 'string' && (texts[i]?.length ?? 0) < prompt.length + content.length;
      total += kept.length;
      if (total > maxRequestTokens) {
        throw new HotvecError(
          'too_many_tokens',
          `The request has more than ${maxRequestTokens} tokens, the limit per request; it was counted up to ${name}. Send fewer inputs at a time.`,
        );
      }
      sequences.push({ ids: kept, truncated: kept.length < ids.length || isCapped });
    }
    return sequences;
  }

  /**
   * Tokenizes the texts in pieces, and stops when there are more tokens than a request may have: the inputs that follow
   * cannot change that. Encodings of those are left out.
   */
  private async tokenizeAll(texts: readonly string[]): Promise<Encoding[]> {
    const encodings: Encoding[] = [];
    let tokens = 0;
    const { maxInputTokens, maxRequestTokens } = this.model;
    while (encodings.length < texts.length && tokens <= maxRequestTokens) {
      const piece: string[] = [];
      let units = 0;
      for (let i = encodings.length; i < texts.length && units < MAX_UNITS_PER_PIECE; i++) {
        piece.push(texts[i] as string);
        units += (texts[i] as string).length;
      }
      const more = await this.tokenizer.tokenize(piece);
      if (more.length !== piece.length) throw new Error('the tokenizer left a text out');
      for (const { ids } of more) tokens += Math.min(ids.length, maxInputTokens);
      encodings.push(...more);
    }
    return encodings;
  }

  private promptFor(input: EmbedInput): string {
    // Token ids that ask for no prompt go to the model as they are, whatever is put before texts.
    const isPlainIds = typeof input.content !== 'string' && input.role === null && input.instruction === null;
    return isPlainIds ? '' : choosePrompt(input, this.model);
  }

  /** Ids of a prompt, special tokens before it included. */
  private async tokenizePrompt(prompt: string): Promise<Int32Array> {
    const { special } = this.tokenizer;
    const { maxInputTokens } = this.model;
    const [encoding] = await this.tokenizer.tokenize([prompt]);
    const { ids } = encoding as Encoding;
    const bare = ids.subarray(0, ids.length - special.after);
    if (bare.length + special.after >= maxInputTokens) {
      throw new HotvecError('input_too_long', `The instruction alone fills the ${maxInputTokens} tokens of an input.`, {
        param: 'instruction',
      });
    }
    return bare;
  }

  /** Prompt and text, but no more of the text than can matter: bounds what the tokenizer is given. */
  private capText(prompt: string, text: string, name: string, truncate: EmbedOptions['truncate']): string {
    const { maxInputTokens } = this.model;
    const maxUnits = MAX_UNITS_PER_TOKEN * maxInputTokens;
    if (prompt.length + text.length <= maxUnits) return prompt + text;
    if (truncate === 'error') throw tooLong(`has ${text.length} characters`, name, maxInputTokens);
    const cut = truncate === 'end' ? maxUnits : text.length - maxUnits;
    // Not through the middle of a surrogate pair.
    const isInPair = isHighSurrogate(text, cut - 1);
    if (truncate === 'end') return prompt + text.slice(0, isInPair ? cut - 1 : cut);
    return prompt + text.slice(isInPair ? cut + 1 : cut);
  }

  private checkTokenIds(input: ArrayLike<number>, name: string, truncate: EmbedOptions['truncate']): Int32Array {
    const { vocabularySize, maxInputTokens, maxRequestTokens } = this.model;
    // Looking at millions of ids would hold the event loop, and no request can have them.
    if (input.length > maxRequestTokens && truncate === 'error') {
      throw tooLong(`has ${input.length} tokens`, name, maxInputTokens);
    }
    const ids = new Int32Array(input.length);
    for (let i = 0; i < input.length; i++) {
      const id = input[i] as number;
      ids[i] = id;
      if (Number.isInteger(id) && id >= 0 && id < vocabularySize) continue;
      throw new HotvecError(
        'invalid_token_id',
        `Token id ${id} in ${name} is not in this model's vocabulary of ${vocabularySize}. If a client library made these ids with another tokenizer, make it send texts: in LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False.`,
        { param: name },
      );
    }
    return ids;
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
