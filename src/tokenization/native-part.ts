import type { Encoding } from 'tokenizers';
import type { Part } from './read-in-parts.ts';

export interface NativePart extends Part {
  encoding: Encoding;
}

/** The one letter that has two code points in lower case. */
const LONGER_IN_LOWER_CASE = '\u0130';

/**
 * A piece of a text as the native tokenizer gives it, made without special tokens.
 * @param lowercase whether it was given in lower case: places are those of the piece as it is.
 */
export function nativePart(encoding: Encoding, piece: string, lowercase: boolean): NativePart {
  const places = lowercase && piece.includes(LONGER_IN_LOWER_CASE) ? placesInLowerCase(piece) : null;
  return {
    encoding,
    ids: encoding.getIds(),
    startOf: (token) => {
      const start = encoding.tokenToChars(token)?.[0] ?? 0;
      return places?.[start] ?? start;
    },
    wordStartOf: (token) => {
      const word = encoding.tokenToWord(token);
      return (word === null ? undefined : encoding.wordToTokens(word)?.[0]) ?? token;
    },
  };
}

/** For each code point of the text in lower case, the one that it was. */
function placesInLowerCase(text: string): number[] {
  return Array.from(text).flatMap((character, i) => Array.from(character.toLowerCase(), () => i));
}
