import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';

/** For a fake tokenizer whose tokens are never read. */
export const unreadable: Pick<Tokenizer, 'read' | 'decode'> = {
  read: () => Promise.reject(new Error('nobody reads its tokens')),
  decode: () => Promise.reject(new Error('nobody reads its tokens')),
};
