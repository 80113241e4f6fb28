import { HotvecError } from '../../errors.ts';
import type { InputFailures } from '../input-failures.ts';
import type { EmbeddingFacts, EmbedInput, Overlength } from './embedder.ts';

/** UTF-16 units of a token where they are many: English has four to five, most other scripts fewer. */
const UNITS_PER_TOKEN = 8;

/** An input that can be turned into token ids. */
export interface AcceptedInput {
  /** Its place among the inputs of the request. */
  position: number;
  name: string;
  /** Put before the text; empty for token ids. */
  prompt: string;
  /** What the request calls the prompt's origin: its own instruction, or the model's prompt. */
  promptSource: 'instruction' | 'model';
  /** Prompt and text, or token ids, not yet checked. */
  content: string | ArrayLike<number>;
  /** Whether it was cut short before its tokens were counted. */
  isCut: boolean;
}

/** What becomes of a text that the model reads nothing of: an error, or a vector of zeros. */
export type EmptyTexts = 'error' | 'zeros';

/**
 * Looks at an input as far as it costs nothing. How long a text is only its tokens tell.
 * @throws {HotvecError} empty_input; invalid_input for token ids that should get a prompt.
 */
export function acceptInput(
  input: EmbedInput,
  position: number,
  prompt: string,
  { emptyTexts }: { emptyTexts: EmptyTexts },
): AcceptedInput {
  const { content, name, instruction } = input;
  if (content.length === 0 && !(content === '' && emptyTexts === 'zeros')) {
    throw new HotvecError('empty_input', `${name} is empty; there is nothing to embed.`, { param: name });
  }
  const promptSource = promptSourceOf(instruction);
  const accepted = { position, name, prompt, promptSource, isCut: false };
  if (typeof content === 'string') return { ...accepted, content: prompt + content };
  if (prompt !== '') {
    throw new HotvecError('invalid_input', `${name} is token ids, but a prompt can only be added to a text.`, {
      param: name,
    });
  }
  return { ...accepted, content };
}

/**
 * Those of the inputs, or their beginnings, that a model reads which counts characters before tokens.
 * @param failures gets those that are too long, where they may not be cut: input_too_long.
 */
export function withinCharacters(
  inputs: readonly AcceptedInput[],
  { textRules }: Pick<EmbeddingFacts, 'textRules'>,
  overlength: Overlength,
  failures: InputFailures,
): readonly AcceptedInput[] {
  const maxCharacters = textRules?.maxCharacters ?? null;
  // Where the start of a text may be cut off, its end is read.
  if (maxCharacters === null || overlength === 'keep' || overlength === 'start') return inputs;
  return inputs.flatMap((input) => {
    const { content, name, position } = input;
    const end = typeof content === 'string' ? unitsOf(content, maxCharacters) : content.length;
    if (end === content.length) return [input];
    if (overlength === 'end') return [{ ...input, content: (content as string).slice(0, end), isCut: true }];
    const message = `${name} has more than ${maxCharacters} characters, which is all that this model reads of a text. Split it, or have it truncated: see the field truncate.`;
    failures.add(position, new HotvecError('input_too_long', message, { param: name }));
    return [];
  });
}

/** UTF-16 units of the first `count` characters (code points). */
function unitsOf(text: string, count: number): number {
  if (text.length <= count) return text.length;
  let end = 0;
  for (let i = 0; i < count && end < text.length; i++) end += (text.codePointAt(end) as number) > 0xffff ? 2 : 1;
  return end;
}

/** Said of a length that is not the text's alone. */
export function withPrompt(prompt: string): string {
  return prompt === '' ? '' : ', its prompt included';
}

/** Why an input is refused that has more than it may. */
export function tooLong(found: string, name: string, maxTokens: number): HotvecError {
  return new HotvecError(
    'input_too_long',
    `${name} ${found}; the limit is ${maxTokens} tokens per input. Split it, or have it truncated: see the field truncate.`,
    { param: name },
  );
}

function promptSourceOf(instruction: string | null): AcceptedInput['promptSource'] {
  return instruction === null ? 'model' : 'instruction';
}

/** Why no input fits behind a prompt. */
export function promptTooLong(found: string, source: AcceptedInput['promptSource'], maxTokens: number): HotvecError {
  return new HotvecError(
    'input_too_long',
    `${source === 'instruction' ? 'The instruction' : "The model's prompt"} alone ${found}; the limit is ${maxTokens} tokens per input, including the text.`,
    source === 'instruction' ? { param: 'instruction' } : {},
  );
}

/** About how many tokens the inputs will have at least, each cut to `maxTokens`, told before they are tokenized. */
export function leastTokens(inputs: readonly AcceptedInput[], maxTokens: number): number {
  let tokens = 0;
  for (const { content } of inputs) {
    const least = typeof content === 'string' ? Math.floor(content.length / UNITS_PER_TOKEN) : content.length;
    tokens += Math.min(least, maxTokens);
  }
  return tokens;
}
