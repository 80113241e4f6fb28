import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CallQueue } from '../../src/bulk/call-queue.ts';
import type { ComputedItems, Item, ResultSource } from '../../src/bulk/result-source.ts';

describe('CallQueue', () => {
  /** A source whose calls end when they are told to, with the lengths of the texts. */
  function scripted(load: ResultSource['load']) {
    const calls: { items: readonly Item[]; end: () => void; fail: (error: Error) => void }[] = [];
    const source = {
      neighbors: 'like_length',
      load,
      compute: (items: readonly Item[]) =>
        new Promise<ComputedItems>((resolve, fail) => {
          const results = items.map(([text = '']) => text.length);
          calls.push({ items, end: () => resolve({ results, tokens: 2 * items.length }), fail });
        }),
    } as unknown as ResultSource;
    const queue = new CallQueue({ source, signal: new AbortController().signal, onComputed: () => {} });
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    return { queue, calls, load, settle };
  }
  const sized = (...lengths: number[]) => lengths.map((bytes) => ({ item: ['x'.repeat(bytes)], bytes }));

  it('hands over the longest first, in calls of so many tokens, and returns results in the order of the items', async () => {
    const { queue, calls, settle } = scripted({ calls: 9, tokensPerCall: 5, tokensPerWindow: 100 });
    const results = queue.compute(sized(3, 30, 8, 12, 1, 9));
    await settle();
    assert.deepEqual(
      calls.map(({ items }) => items.map(([text = '']) => text.length)),
      [[30], [12, 9], [8, 3, 1]],
    );
    for (const { end } of calls.reverse()) end();
    assert.deepEqual(await results, [3, 30, 8, 12, 1, 9]);
  });

  it('has as many calls under way as the source takes, also when it takes more', async () => {
    const { queue, calls, load, settle } = scripted({ calls: 2, tokensPerCall: 1, tokensPerWindow: 100 });
    const results = queue.compute(sized(10, 10, 10, 10, 10, 10));
    await settle();
    assert.equal(calls.length, 2);
    calls[0]?.end();
    await settle();
    assert.equal(calls.length, 3);
    load.calls = 4;
    calls[1]?.end();
    await settle();
    assert.equal(calls.length, 6);
    for (const { end } of calls) end();
    assert.deepEqual(await results, [10, 10, 10, 10, 10, 10]);
  });

  it('fails with the first call that does', async () => {
    const { queue, calls, settle } = scripted({ calls: 2, tokensPerCall: 1, tokensPerWindow: 100 });
    const results = queue.compute(sized(10, 10));
    await settle();
    calls[1]?.fail(new Error('no engine'));
    await assert.rejects(results, /no engine/);
    calls[0]?.end();
  });
});
