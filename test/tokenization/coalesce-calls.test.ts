import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { coalesceCalls } from '../../src/tokenization/coalesce-calls.ts';

/** Records the calls, and answers when told to. */
function recorder() {
  const calls: { texts: readonly string[]; answer: () => void; fail: () => void }[] = [];
  const tokenize = coalesceCalls<string>(
    (texts) =>
      new Promise((resolve, reject) => {
        calls.push({
          texts,
          answer: () => resolve(texts.map((text) => `<${text}>`)),
          fail: () => reject(new Error('scripted')),
        });
      }),
  );
  return { calls, tokenize };
}

describe('coalesceCalls()', () => {
  it('sends a lone job at once and joins what comes meanwhile into one call', async () => {
    const { calls, tokenize } = recorder();
    const first = tokenize(['a']);
    const others = [tokenize(['b', 'c']), tokenize(['d'])];
    assert.deepEqual(
      calls.map(({ texts }) => texts),
      [['a']],
    );
    calls[0]?.answer();
    assert.deepEqual(await first, ['<a>']);
    await nextTurn();
    assert.deepEqual(calls[1]?.texts, ['b', 'd', 'c'], 'one text of each job in turn');
    calls[1]?.answer();
    assert.deepEqual(await Promise.all(others), [['<b>', '<c>'], ['<d>']]);
    assert.deepEqual(await tokenize([]), []);
  });

  it('does not let a huge job hold up a small one, not even for the rest of its call', async () => {
    const { calls, tokenize } = recorder();
    const huge = tokenize(Array.from({ length: 50 }, (_, i) => `${i}`.repeat(2_500)));
    assert.ok((calls[0]?.texts.length as number) < 10, 'a call is short');
    const small = tokenize(['small']);
    calls[1]?.answer();
    assert.deepEqual(await small, ['<small>']);
    for (let call = 0; calls[call] !== undefined; call++) {
      calls[call]?.answer();
      await nextTurn();
    }
    assert.equal((await huge).length, 50);
  });

  it('does not let a thousand small jobs of bulk hold up one that someone waits for', async () => {
    const { calls, tokenize } = recorder();
    const line = 'a line of a file';
    const first = tokenize([line], { isBulk: true });
    const others = Array.from({ length: 1_000 }, () => tokenize([line], { isBulk: true }));
    const query = tokenize(['query']);
    assert.deepEqual(
      calls.map(({ texts }) => texts),
      [[line], ['query']],
    );
    calls[1]?.answer();
    assert.deepEqual(await query, ['<query>']);
    for (let call = 0; calls[call] !== undefined; call++) {
      if (call !== 1) calls[call]?.answer();
      await nextTurn();
    }
    assert.equal((await Promise.all([first, ...others])).length, 1_001);
  });

  it('lets large jobs share calls', async () => {
    const { calls, tokenize } = recorder();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(2_500)) as [string, string, string, string];
    void tokenize([a]);
    void tokenize([b, c]);
    const last = tokenize([d]);
    calls[0]?.answer();
    await nextTurn();
    assert.deepEqual(calls[1]?.texts, [b, d, c]);
    calls[1]?.answer();
    assert.deepEqual(await last, [`<${d}>`]);
  });

  it('fails the jobs of a failed call and no others', async () => {
    const { calls, tokenize } = recorder();
    const failed = tokenize(['a']);
    const next = tokenize(['b']);
    calls[0]?.fail();
    await assert.rejects(failed, /scripted/);
    await nextTurn();
    calls[1]?.answer();
    assert.deepEqual(await next, ['<b>']);
  });

  it('answers every job with its own results in order, whatever the sizes', async () => {
    const jobs = fc.array(
      fc.array(
        fc
          .tuple(fc.string({ maxLength: 3 }), fc.constantFrom(1, 300, 40_000))
          .map(([text, times]) => text.repeat(times)),
        { maxLength: 12 },
      ),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(jobs, async (all) => {
        const tokenize = coalesceCalls(async (texts: readonly string[]) => {
          await nextTurn();
          return texts.map((text) => `<${text}>`);
        });
        const results = await Promise.all(all.map((texts) => tokenize(texts)));
        assert.deepEqual(
          results,
          all.map((texts) => texts.map((text) => `<${text}>`)),
        );
      }),
      { seed: 3, numRuns: 200 },
    );
  });
});
