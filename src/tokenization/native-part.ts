import type { Encoding } from 'tokenizers';
import type { Part } from './read-in-parts.ts';

export interface NativePart extends Part {
  encoding: Encoding;
}

/** A piece of a text as the native tokenizer gives it, made without special tokens. */
export function nativePart(encoding: Encoding): NativePart {
  return {
    encoding,
    ids: encoding.getIds(),
    startOf: (token) => encoding.tokenToChars(token)?.[0] ?? 0,
    wordStartOf: (token) => {
      const word = encoding.tokenToWord(token);
      return (word === null ? undefined : encoding.wordToTokens(word)?.[0]) ?? token;
    },
  };
}
