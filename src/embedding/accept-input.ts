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
  /** What the request calls the prompt's origin: its own instruction, or the model's prompt. */
  promptSource: 'instruction' | 'model';
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
  { content, name, instruction }: EmbedInput,
  prompt: string,
  maxTokens: number,
  overlength: Overlength,
): AcceptedInput {
  if (content.length === 0) {
    throw new HotvecError('empty_input', `${name} is empty; there is nothing to embed.`, { param: name });
  }
  const promptSource = promptSourceOf(instruction);
  if (typeof content === 'string') {
    const text = capText(content, prompt, name, maxTokens, overlength);
    return { name, prompt, promptSource, content: prompt + text, isCapped: text.length < content.length };
  }
  if (prompt !== '') {
    throw new HotvecError('invalid_input', `${name} is token ids, and a prompt can only be put before a text.`, {
      param: name,
    });
  }
  return { name, prompt, promptSource, content, isCapped: false };
}

/** Said of a length that is not the text's alone. */
export function withPrompt(prompt: string): string {
  return prompt === '' ? '' : ', its prompt included';
}

/** Why an input is refused that has more than it may. */
export function tooLong(found: string, name: string, maxTokens: number): HotvecError {
  return new HotvecError(
    'input_too_long',
    `${name} ${found}; the limit is ${maxTokens} tokens an input. Split it, or have it cut: see the field truncate.`,
    { param: name },
  );
}

/**
 * @throws {HotvecError} input_too_long for a prompt that leaves no room, seen without tokenizing it: no input is at fault.
 */
export function checkPromptLength(prompt: string, { instruction }: EmbedInput, maxTokens: number): void {
  if (prompt.length <= MAX_UNITS_PER_TOKEN * maxTokens) return;
  throw promptTooLong(`has ${prompt.length} characters`, promptSourceOf(instruction), maxTokens);
}

function promptSourceOf(instruction: string | null): AcceptedInput['promptSource'] {
  return instruction === null ? 'model' : 'instruction';
}

/** Why no input fits behind a prompt. */
export function promptTooLong(found: string, source: AcceptedInput['promptSource'], maxTokens: number): HotvecError {
  return new HotvecError(
    'input_too_long',
    `${source === 'instruction' ? 'The instruction' : "The model's prompt"} alone ${found}; the limit is ${maxTokens} tokens an input, the text included.`,
    source === 'instruction' ? { param: 'instruction' } : {},
  );
}

/** No more of the text than can matter: bounds what the tokenizer is given. */
function capText(text: string, prompt: string, name: string, maxTokens: number, overlength: Overlength): string {
  const maxUnits = MAX_UNITS_PER_TOKEN * maxTokens;
  if (prompt.length + text.length <= maxUnits) return text;
  if (overlength !== 'end' && overlength !== 'start') {
    throw tooLong(`has ${prompt.length + text.length} characters${withPrompt(prompt)}`, name, maxTokens);
  }
  const cut = overlength === 'end' ? maxUnits : text.length - maxUnits;
  // Not through the middle of a surrogate pair.
  const isInPair = isHighSurrogate(text, cut - 1);
  return overlength === 'end' ? text.slice(0, isInPair ? cut - 1 : cut) : text.slice(isInPair ? cut + 1 : cut);
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit < 0xdc00;
}
