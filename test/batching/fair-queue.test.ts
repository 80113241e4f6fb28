import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BatchMeter } from '../../src/batching/batch-meter.ts';
import { FairQueue } from '../../src/batching/fair-queue.ts';
import { PendingRequest } from '../../src/batching/pending-request.ts';
import type { Priority } from '../../src/batching/priority.ts';
import { type Entry, SequencesInFlight } from '../../src/batching/sequences-in-flight.ts';

/** Plain token budget. */
function meterOf(budget: number): BatchMeter {
  let tokens = 0;
  return {
    fits: ({ length }, part = 1) => tokens + length <= part * budget,
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

function request(lengths: number[], options: { owner?: string; priority?: Priority } = {}): PendingRequest {
  return new PendingRequest(sequencesOf(lengths), options, 0, () => {});
}

function tokensOf(batch: readonly Entry[], one?: PendingRequest): number {
  const entries = one === undefined ? batch : batch.filter(({ waiters }) => waiters.has(one));
  return entries.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
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
    const priority = fc.constantFrom<(Priority | undefined)[]>('interactive', 'bulk', undefined);
    fc.assert(
      fc.property(requests, fc.array(priority), fc.integer({ min: 1, max: 2_000 }), (lengths, priorities, budget) => {
        const queue = new FairQueue();
        const pending = lengths.map((one, i) =>
          request(one, priorities[i] === undefined ? {} : { priority: priorities[i] }),
        );
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

  it('serves a small request in the next batch, however many large ones came before it', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 32; i++) queue.push(request(Array.from({ length: 20 }, () => 100)));
    for (let round = 0; round < 4; round++) {
      queue.takeBatch(meterOf(512));
      const small = request([20]);
      queue.push(small);
      assert.ok(holds(queue.takeBatch(meterOf(512)), small));
    }
  });

  it('keeps a batch short that a small request waits for: no more bulk than a quarter of the budget', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 4; i++) queue.push(request(Array.from({ length: 20 }, () => 100)));
    const small = request([20]);
    queue.push(small);
    const batch = queue.takeBatch(meterOf(1_000));
    assert.ok(holds(batch, small));
    assert.equal(tokensOf(batch), 20 + 2 * 100);
  });

  it('keeps it shorter still where bulk may not fill its own', () => {
    const queue = new FairQueue();
    for (let i = 0; i < 4; i++) queue.push(request(Array.from({ length: 200 }, () => 10)));
    queue.push(request([20]));
    assert.equal(tokensOf(queue.takeBatch(meterOf(1_000), 0.5)), 120);
  });

  it('fills a batch where only one lane waits', () => {
    const [large, small] = [new FairQueue(), new FairQueue()];
    large.push(request(Array.from({ length: 20 }, () => 100)));
    assert.equal(tokensOf(large.takeBatch(meterOf(1_000))), 1_000);
    for (let i = 0; i < 100; i++) small.push(request([20]));
    for (let batch = 0; batch < 2; batch++) assert.equal(tokensOf(small.takeBatch(meterOf(1_000))), 1_000);
  });

  it('fills a batch of bulk alone to the part that is said, and one of small requests to the full', () => {
    const [large, small] = [new FairQueue(), new FairQueue()];
    large.push(request(Array.from({ length: 20 }, () => 100)));
    for (let batch = 0; batch < 2; batch++) assert.equal(tokensOf(large.takeBatch(meterOf(1_000), 0.5)), 500);
    for (let i = 0; i < 100; i++) small.push(request([20]));
    for (let batch = 0; batch < 2; batch++) assert.equal(tokensOf(small.takeBatch(meterOf(1_000), 0.5)), 1_000);
  });

  it('takes for a query what is interactive and served in one turn: the rest of a longer one is bulk itself', () => {
    const queue = new FairQueue();
    for (const one of [request([20], { priority: 'bulk' }), request([200, 100])]) queue.push(one);
    assert.equal(queue.lastQueryAt, Number.NEGATIVE_INFINITY);
    queue.push(request([200, 56]));
    assert.equal(queue.lastQueryAt, 0);
  });

  it('does not divide a lone request of few inputs, however long they are', () => {
    const queue = new FairQueue();
    queue.push(request([300, 200, 200, 100]));
    assert.equal(queue.takeBatch(meterOf(1_000)).length, 4);
  });

  for (const part of [1, 0.5, 0.25]) {
    it(`lets bulk have half of every other batch when small requests fill all they get: to part ${part}`, () => {
      const queue = new FairQueue();
      const large = Array.from({ length: 10 }, () => request(Array.from({ length: 9 }, () => 100)));
      for (const one of large) queue.push(one);
      const ofBulk: number[] = [];
      for (let batch = 0; batch < 6; batch++) {
        for (let i = 0; i < 100; i++) queue.push(request([30]));
        const taken = queue.takeBatch(meterOf(1_000), part);
        assert.ok(tokensOf(taken) > 970, 'no part of it is left unused');
        ofBulk.push(large.reduce((sum, one) => sum + tokensOf(taken, one), 0));
      }
      assert.deepEqual(
        ofBulk.map((tokens) => tokens >= 500),
        [false, true, false, true, false, true],
      );
    });
  }

  it('gives every bulk request its turns while small requests fill every batch they can', () => {
    const queue = new FairQueue();
    const large = Array.from({ length: 10 }, () => request(Array.from({ length: 9 }, () => 100)));
    for (const one of large) queue.push(one);
    let batches = 0;
    while (large.some(({ queuedTokens }) => queuedTokens > 0)) {
      for (let i = 0; i < 50; i++) queue.push(request([30]));
      queue.takeBatch(meterOf(1_000));
      const left = large.map(({ queuedTokens }) => queuedTokens);
      assert.ok(Math.max(...left) - Math.min(...left) <= 300, 'none is more than a turn ahead');
      assert.ok(++batches < 50);
    }
  });

  it('gives a large request that is called interactive one turn before the bulk, and no more', () => {
    const queue = new FairQueue();
    const bulk = request(Array.from({ length: 20 }, () => 100));
    queue.push(bulk);
    const called = Array.from({ length: 3 }, () =>
      request(
        Array.from({ length: 20 }, () => 100),
        { priority: 'interactive' },
      ),
    );
    for (const one of called) queue.push(one);
    const first = queue.takeBatch(meterOf(1_000));
    assert.deepEqual(
      called.map((one) => tokensOf(first, one)),
      [200, 200, 200],
    );
    const small = request([20]);
    queue.push(small);
    const second = queue.takeBatch(meterOf(1_000));
    assert.ok(holds(second, small) && tokensOf(second, bulk) > 0);
    const third = queue.takeBatch(meterOf(1_000));
    assert.equal(tokensOf(third), 1_000, 'nobody is interactive any more');
  });

  it('lets a small request that is called bulk wait among the bulk', () => {
    const queue = new FairQueue();
    queue.push(request(Array.from({ length: 20 }, () => 200)));
    const modest = request([20], { priority: 'bulk' });
    const small = request([20]);
    queue.push(modest);
    queue.push(small);
    const batch = queue.takeBatch(meterOf(100));
    assert.ok(holds(batch, small) && !holds(batch, modest));
  });

  it('takes a request for interactive that has up to eight inputs or 256 tokens', () => {
    const cases: [number[], Priority][] = [
      [Array.from({ length: 8 }, () => 500), 'interactive'],
      [Array.from({ length: 9 }, () => 29), 'bulk'],
      [Array.from({ length: 16 }, () => 16), 'interactive'],
    ];
    for (const [lengths, expected] of cases) assert.equal(request(lengths).priority, expected);
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
      (sequences) => new PendingRequest(sequences, {}, 0, () => {}, inFlight),
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
    const late = new PendingRequest([same], {}, 0, () => {}, inFlight);
    assert.equal(late.queuedTokens, 0, 'a batch has it already');
  });

  it('counts tokens by owner, also after a removal', () => {
    const queue = new FairQueue();
    const [ours, theirs] = [request([10, 20], { owner: 'a' }), request([40], { owner: 'b' })];
    queue.push(ours);
    queue.push(theirs);
    assert.deepEqual([queue.tokensOf('a'), queue.tokensOf('b'), queue.tokensOf('c')], [30, 40, 0]);
    queue.remove(ours);
    queue.remove(ours);
    assert.deepEqual([queue.tokensOf('a'), queue.tokens, queue.requests], [0, 40, 1]);
  });
});
