import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';

/** For a fake tokenizer whose tokens nobody reads. */
export const unreadable: Pick<Tokenizer, 'read' | 'decode'> = {
  read: () => Promise.reject(new Error('nobody reads its tokens')),
  decode: () => Promise.reject(new Error('nobody reads its tokens')),
};
