import fc from 'fast-check';

export const VOCABULARY = 6;

const tokens = (most: number) => fc.array(fc.nat(VOCABULARY - 1), { minLength: 1, maxLength: most });

/**
 * Few tokens and short sequences, so that shared prefixes, prefixes of each other and duplicates come up all the time, now and
 * then with a long one; and what was kept of an earlier batch, less than any of the sequences has.
 */
export const withSharedPrefixes = fc
  .record({
    short: fc.array(tokens(8), { minLength: 1, maxLength: 12 }),
    long: fc.array(fc.array(fc.nat(1), { minLength: 1, maxLength: 300 }), { maxLength: 4 }),
    keptTokens: fc.nat(3),
  })
  .map(({ short, long, keptTokens }) => {
    const [first] = short as [number[]];
    const kept = Int32Array.from(first.slice(0, Math.min(keptTokens, first.length - 1)));
    const isKept = (sequence: number[]) => sequence.length <= kept.length && sequence.every((id, i) => id === kept[i]);
    return { sequences: [...short, ...long].filter((sequence) => !isKept(sequence)), kept };
  });
