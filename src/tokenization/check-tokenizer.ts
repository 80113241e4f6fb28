import { StartError } from '../errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Proves that texts become the token ids that the reference makes of them: the canary's part outside the engine.
 * @throws {StartError} when one does not.
 */
export async function checkTokenizer(
  tokenizer: Tokenizer,
  cases: readonly { text: string; ids: readonly number[] }[],
): Promise<void> {
  const encodings = await tokenizer.tokenize(cases.map(({ text }) => text));
  const wrong = cases.findIndex(({ ids }, i) => ids.join() !== encodings[i]?.ids.join());
  if (wrong >= 0) {
    throw new StartError(
      `tokenizer.json gives token ids that differ from the reference for the model's canary text ${wrong + 1}. Copy or download the model again.`,
    );
  }
}
