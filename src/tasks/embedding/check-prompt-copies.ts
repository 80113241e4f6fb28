import { HotvecError } from '../../errors.ts';
import type { AcceptedInput } from './accept-input.ts';

/** UTF-16 units that prompts may add to the texts of a request together: as many as a whole body may have by default. */
const MAX_PROMPT_UNITS = 2 ** 24;

/**
 * A prompt is sent once and read once for each text. Whether it is too long its tokens tell, but of a long one, even of
 * spaces that cost no token, two thousand copies are more to read than any request could send.
 *
 * @throws {HotvecError} input_too_long.
 */
export function checkPromptCopies(inputs: readonly AcceptedInput[]): void {
  let units = 0;
  for (const input of inputs) {
    units += input.prompt.length;
    if (units <= MAX_PROMPT_UNITS) continue;
    const isInstruction = input.promptSource === 'instruction';
    throw new HotvecError(
      'input_too_long',
      `${isInstruction ? 'The instruction' : "The model's prompt"} of ${input.prompt.length} characters would be put before ${inputs.length} inputs: more than ${MAX_PROMPT_UNITS} characters. Shorten it, or send fewer inputs at a time.`,
      isInstruction ? { param: 'instruction' } : {},
    );
  }
}
