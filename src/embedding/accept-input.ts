import { HotvecError } from '../errors.ts';
import type { EmbedInput, Overlength } from './embedder.ts';

/**
 * UTF-16 units a token can stand for, generously: texts past this many units per allowed token are not worth
 * tokenizing to learn that they are too long.
 */
const MAX_UNITS_PER_TOKEN = 32;

/** An input that can be turned into token ids. */
export interface AcceptedInput {
  name: string;
  /** Put before the text; empty for token ids. */
  prompt: string;
  /** Prompt and text, or token ids, not yet checked. */
  content: string | ArrayLike<number>;
  /** Whether a part of the text that cannot matter was left out. */
  isCapped: boolean;
}

/**
 * Looks at an input as far as it costs nothing.
 * @throws {HotvecError} empty_input; invalid_input for token ids that should get a prompt; input_too_long.
 */
export function acceptInput(
  { content, name }: EmbedInput,
  prompt: string,
  maxTokens: number,
  overlength: Overlength,
): AcceptedInput {
  if (content.length === 0) {
    throw new HotvecError('empty_input', `${name} is empty; there is nothing to embed.`, { param: name });
  }
  if (typeof content === 'string') {
    const text = capText(content, prompt, name, maxTokens, overlength);
    return { name, prompt, content: prompt + text, isCapped: text.length < content.length };
  }
  if (prompt !== '') {
    throw new HotvecError('invalid_input', `${name} is token ids, and a prompt can only be put before a text.`, {
      param: name,
    });
  }
  return { name, prompt, content, isCapped: false };
}

/** Why an input is refused that has more than it may. */
export function tooLong(found: string, name: string, maxTokens: number): HotvecError {
  return new HotvecError(
    'input_too_long',
    `${name} ${found}; the limit is ${maxTokens} tokens an input. Split it, or have it cut: see the field truncate.`,
    { param: name },
  );
}

/** No more of the text than can matter: bounds what the tokenizer is given. */
function capText(text: string, prompt: string, name: string, maxTokens: number, overlength: Overlength): string {
  const maxUnits = MAX_UNITS_PER_TOKEN * maxTokens;
  if (prompt.length + text.length <= maxUnits) return text;
  if (overlength !== 'end' && overlength !== 'start') throw tooLong(`has ${text.length} characters`, name, maxTokens);
  const cut = overlength === 'end' ? maxUnits : text.length - maxUnits;
  // Not through the middle of a surrogate pair.
  const isInPair = isHighSurrogate(text, cut - 1);
  return overlength === 'end' ? text.slice(0, isInPair ? cut - 1 : cut) : text.slice(isInPair ? cut + 1 : cut);
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xdc00;
}
