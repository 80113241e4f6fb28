import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BatchMeter } from '../../src/batching/batch-meter.ts';
import { FairQueue } from '../../src/batching/fair-queue.ts';
import { PendingRequest } from '../../src/batching/pending-request.ts';

/** Plain token budget. */
function meterOf(budget: number): BatchMeter {
  let tokens = 0;
  return {
    fits: ({ length }) => tokens + length <= budget,
    add: ({ length }) => {
      tokens += length;
    },
  };
}

function request(lengths: number[], owner?: string): PendingRequest {
  return new PendingRequest(
    lengths.map((length) => new Int32Array(length)),
    owner,
    0,
    () => {},
  );
}

describe('FairQueue.takeBatch()', () => {
  it('takes every sequence once, the longest of a request first, and keeps the count of tokens', () => {
    const requests = fc.array(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 20 }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 2_000 }), (lengths, budget) => {
        const queue = new FairQueue();
        const pending = lengths.map((one) => request(one));
        for (const one of pending) queue.push(one);
        const taken = new Map(pending.map((one) => [one, [] as number[]]));
        let left = lengths.flat().reduce((sum, length) => sum + length, 0);
        while (queue.requests > 0) {
          assert.equal(queue.tokens, left);
          const batch = queue.takeBatch(meterOf(budget));
          assert.ok(batch.length > 0, 'no batch is empty while requests wait');
          const tokens = batch.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
          assert.ok(tokens <= budget || batch.length === 1, 'within the budget, or one sequence alone');
          for (const entry of batch) taken.get(entry.request)?.push(entry.index);
          left -= tokens;
        }
        assert.equal(queue.tokens, 0);
        for (const [one, indexes] of taken) {
          assert.deepEqual(
            [...indexes].sort((a, b) => a - b),
            [...one.sequences.keys()],
          );
          const order = indexes.map((index) => one.sequences[index]?.length as number);
          assert.deepEqual(
            order,
            [...order].sort((a, b) => b - a),
          );
        }
      }),
      { seed: 1, numRuns: 1_000 },
    );
  });

  it('serves a small request beside a large one that came before it', () => {
    const queue = new FairQueue();
    const large = request(Array.from({ length: 2_000 }, () => 100));
    const small = request([20]);
    queue.push(large);
    queue.push(small);
    const batch = queue.takeBatch(meterOf(1_000));
    assert.ok(batch.some((entry) => entry.request === small));
    assert.ok(batch.some((entry) => entry.request === large));
  });

  it('serves a small request in the next batch, however many large ones came before it', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 32; i++) queue.push(request(Array.from({ length: 20 }, () => 100)));
    queue.takeBatch(meterOf(512));
    const small = request([20]);
    queue.push(small);
    assert.ok(queue.takeBatch(meterOf(512)).some((entry) => entry.request === small));
  });

  it('lets large requests have every other batch when small ones fill all they get', () => {
    const queue = new FairQueue();
    const large = request(Array.from({ length: 3 }, () => 200));
    queue.push(large);
    let served = 0;
    for (let batch = 0; batch < 6; batch++) {
      for (let i = 0; i < 20; i++) queue.push(request([30]));
      served += queue.takeBatch(meterOf(210)).filter((entry) => entry.request === large).length;
    }
    assert.equal(served, 3);
  });

  it('does not let a long sequence starve behind a stream of short ones', () => {
    const queue = new FairQueue();
    const long = request([5_000]);
    queue.push(long);
    let batches = 0;
    for (let found = false; !found; batches++) {
      assert.ok(batches < 3, 'served in one of the first batches');
      for (let i = 0; i < 50; i++) queue.push(request([30]));
      found = queue.takeBatch(meterOf(1_000)).some((entry) => entry.request === long);
    }
  });

  it('counts tokens by owner, also after a removal', () => {
    const queue = new FairQueue();
    const [ours, theirs] = [request([10, 20], 'a'), request([40], 'b')];
    queue.push(ours);
    queue.push(theirs);
    assert.deepEqual([queue.tokensOf('a'), queue.tokensOf('b'), queue.tokensOf('c')], [30, 40, 0]);
    queue.remove(ours);
    queue.remove(ours);
    assert.deepEqual([queue.tokensOf('a'), queue.tokens, queue.requests], [0, 40, 1]);
  });
});
