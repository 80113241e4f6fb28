import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';
import { largestDifference, normalized } from './difference.ts';
import { hashRow } from './hash-row.ts';
import type { WiringLoad } from './wiring-load.ts';

const HIDDEN_SIZE = 256;

/** Checks vectors of the fake engine process: they are hashes of the exact token ids. */
export function hashChecker(tokenizer: Tokenizer): WiringLoad['checker'] {
  return async (texts, dimensions) => {
    const encodings = await tokenizer.tokenize([...texts]);
    return (index, vector) => {
      const row = hashRow(encodings[index]?.ids as Int32Array, HIDDEN_SIZE);
      return largestDifference(vector, normalized(row.subarray(0, dimensions))) < 1e-6;
    };
  };
}
