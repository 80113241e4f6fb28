import { StartError } from '../../errors.ts';
import type { PairDescription } from '../../model-files/folder/tokenizer/describe-pairs.ts';

/** Where token types turn from 0 to 1 in a sequence of two texts: users' texts never have the id (tokenization/text-only.ts). */
export interface TokenTypes {
  /** The id after which they do. */
  afterToken: number;
  /** Which one of them: 1 for the first. */
  occurrence: number;
}

/**
 * Finds how the token types of a pair follow from its ids alone: they turn from 0 to 1 after a token that the tokenizer puts
 * between the texts, and that no text of a user becomes.
 *
 * @returns null where all are 0.
 * @throws {StartError} for types that do not follow from ids in this way.
 */
export function tokenTypesOf({ pieces, complaint, typeComplaint }: PairDescription): TokenTypes | null {
  const uncertain = complaint ?? typeComplaint;
  if (uncertain !== null) throw new StartError(uncertain);
  const turn = pieces.findIndex(({ type }) => type !== 0);
  if (turn < 0) return null;
  const before = pieces.slice(0, turn);
  const afterToken = before.at(-1)?.token ?? null;
  if (afterToken === null || pieces.slice(turn).some(({ type }) => type !== 1)) {
    const types = pieces.map(({ token, type }) => `${token ?? 'text'}: ${type}`).join(', ');
    throw new StartError(
      `tokenizer.json: post_processor gives the pieces of a pair the token types ${types}; hotvec supports 0 up to a token between both texts, and 1 from there.`,
    );
  }
  return { afterToken, occurrence: before.filter(({ token }) => token === afterToken).length };
}

/** The position from which on token types are 1: past the end of a sequence that has one text only. */
export function startOfSecondText(sequence: Int32Array, { afterToken, occurrence }: TokenTypes): number {
  let found = 0;
  for (const [position, id] of sequence.entries()) {
    if (id === afterToken && ++found === occurrence) return position + 1;
  }
  return sequence.length;
}
