import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FairQueue } from '../../../src/batching/fair-queue.ts';
import { PendingRequest } from '../../../src/batching/pending-request.ts';
import { PaddedMeter } from '../../../src/formats/onnx/padded-meter.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const BUDGET = 1024;
const meter = () => new PaddedMeter({ maxSlots: BUDGET, isPadded: true });
const slotsOf = (lengths: number[]) => lengths.length * Math.max(...lengths);
const tokensOf = (lengths: number[]) => lengths.reduce((sum, length) => sum + length, 0);

/** One request a sequence; `onRow` is not reached, nothing is computed. */
function requests(lengths: readonly number[]): PendingRequest[] {
  return lengths.map((length) => new PendingRequest([new Int32Array(length)], {}, 0, () => {}));
}

describe('PaddedMeter', () => {
  it('lets a batch be at most longest × rows slots, and 15 % or 64 slots of padding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }), (lengths) => {
        const measured = meter();
        const taken: number[] = [];
        for (const length of lengths) {
          const ids = new Int32Array(length);
          const slots = slotsOf([...taken, length]);
          const padding = slots - tokensOf([...taken, length]);
          assert.equal(measured.fits(ids), slots <= BUDGET && padding <= Math.max(64, 0.15 * slots));
          if (!measured.fits(ids)) continue;
          measured.add(ids);
          taken.push(length);
        }
      }),
      { seed: 11, numRuns: 1_000 },
    );
  });

  it('counts tokens alone where sequences are computed one after the other', () => {
    const alone = new PaddedMeter({ maxSlots: 100, isPadded: false });
    alone.add(new Int32Array(90));
    assert.equal(alone.fits(new Int32Array(1)), true);
    assert.equal(alone.fits(new Int32Array(11)), false);
  });
});

describe('FairQueue with a PaddedMeter', () => {
  it('wastes little on padding in a queue of mixed lengths', () => {
    const random = new SeededRandom(3);
    const queue = new FairQueue();
    for (const request of requests(Array.from({ length: 400 }, () => random.integer(1, 200)))) queue.push(request);
    let slots = 0;
    let tokens = 0;
    let batches = 0;
    while (queue.requests > 0) {
      const lengths = queue.takeBatch(meter()).map(({ tokenIds }) => tokenIds.length);
      assert.ok(slotsOf(lengths) - tokensOf(lengths) <= Math.max(64, 0.15 * slotsOf(lengths)));
      slots += slotsOf(lengths);
      tokens += tokensOf(lengths);
      batches += 1;
    }
    assert.ok(1 - tokens / slots < 0.15, `${1 - tokens / slots}`);
    // Like lengths find each other: not a batch a request.
    assert.ok(batches < 120, `${batches} batches`);
  });

  it('starves no request: a text without others of its length leads the batch after it was passed over', () => {
    const queue = new FairQueue();
    const [long] = requests([250]) as [PendingRequest];
    for (const request of requests(Array.from({ length: 50 }, () => 8))) queue.push(request);
    queue.push(long);
    const first = queue.takeBatch(meter());
    assert.ok(first.every(({ waiters }) => !waiters.has(long)));
    // Short ones keep coming.
    for (const request of requests(Array.from({ length: 50 }, () => 8))) queue.push(request);
    const second = queue.takeBatch(meter());
    assert.ok(second[0]?.waiters.has(long));
  });
});
