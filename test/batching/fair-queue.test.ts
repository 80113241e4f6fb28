import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BatchMeter } from '../../src/batching/batch-meter.ts';
import { FairQueue } from '../../src/batching/fair-queue.ts';
import { PendingRequest } from '../../src/batching/pending-request.ts';
import { type Entry, SequencesInFlight } from '../../src/batching/sequences-in-flight.ts';

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

let nextToken = 0;
/** Sequences like no others. */
function sequencesOf(lengths: readonly number[]): Int32Array[] {
  return lengths.map((length) => new Int32Array(length).fill(nextToken++));
}

function request(lengths: number[], owner?: string): PendingRequest {
  return new PendingRequest(sequencesOf(lengths), owner, 0, () => {});
}

/** Whether the batch has a sequence of the request. */
function holds(batch: readonly Entry[], one: PendingRequest): boolean {
  return batch.some(({ waiters }) => waiters.has(one));
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
          for (const { waiters } of batch) for (const [one, indexes] of waiters) taken.get(one)?.push(...indexes);
          left -= tokens;
        }
        assert.equal(queue.tokens, 0);
        for (const [one, indexes] of taken) {
          assert.deepEqual(
            [...indexes].sort((a, b) => a - b),
            [...(lengths[pending.indexOf(one)] as number[]).keys()],
          );
          const order = indexes.map((index) => lengths[pending.indexOf(one)]?.[index] as number);
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
    assert.ok(holds(batch, small));
    assert.ok(holds(batch, large));
  });

  it('serves a small request in the next batch, however many large ones came before it', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 32; i++) queue.push(request(Array.from({ length: 20 }, () => 100)));
    queue.takeBatch(meterOf(512));
    const small = request([20]);
    queue.push(small);
    assert.ok(holds(queue.takeBatch(meterOf(512)), small));
  });

  it('lets large requests have every other batch when small ones fill all they get', () => {
    const queue = new FairQueue();
    const large = request(Array.from({ length: 3 }, () => 200));
    queue.push(large);
    let served = 0;
    for (let batch = 0; batch < 6; batch++) {
      for (let i = 0; i < 20; i++) queue.push(request([30]));
      served += queue.takeBatch(meterOf(210)).filter((entry) => entry.waiters.has(large)).length;
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
      found = holds(queue.takeBatch(meterOf(1_000)), long);
    }
  });

  it('takes a sequence that two requests wait for once, in the turn of the first, and counts it for neither after that', () => {
    const queue = new FairQueue();
    const inFlight = new SequencesInFlight();
    const [same, other] = sequencesOf([30, 40]) as [Int32Array, Int32Array];
    const both = [[same], [other, same, same]].map(
      (sequences) => new PendingRequest(sequences, undefined, 0, () => {}, inFlight),
    );
    for (const one of both) queue.push(one);
    assert.equal(queue.tokens, 30 + 70, 'twice in a request counts once');
    const batch = queue.takeBatch(meterOf(1_000));
    assert.deepEqual(
      batch.map(({ tokenIds }) => tokenIds),
      [same, other],
    );
    assert.deepEqual(
      both.map((one) => batch[0]?.waiters.get(one)),
      [[0], [1, 2]],
    );
    assert.deepEqual([queue.tokens, queue.requests], [0, 0]);
    const late = new PendingRequest([same], undefined, 0, () => {}, inFlight);
    assert.equal(late.queuedTokens, 0, 'a batch has it already');
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
