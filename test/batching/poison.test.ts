import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Batcher } from '../../src/batching/batcher.ts';
import type { PoisonReport } from '../../src/batching/dispatcher.ts';
import type { SubmitResult } from '../../src/batching/pending-request.ts';
import { PoisonList } from '../../src/batching/poison-list.ts';
import { BatchFailedError } from '../../src/engine/engine.ts';
import type { Batch } from '../../src/engine/protocol.ts';
import { HotvecError } from '../../src/errors.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hashRow } from '../support/hash-row.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';

const HIDDEN = 8;
const BUDGET = 100;
/** Tokens that the engine dies of, and that it cannot compute. */
const DEADLY = 66_600;
const FAILING = 55_500;

let engine: ScriptedEngine;
let batcher: Batcher;
let found: PoisonReport[];
let losses: { isSuspect: boolean; size: number }[];

beforeEach(() => {
  engine = new ScriptedEngine(HIDDEN);
  found = [];
  losses = [];
  batcher = new Batcher({
    engine,
    clock: new FakeClock(),
    hiddenSize: HIDDEN,
    createMeter: () => {
      let tokens = 0;
      return {
        fits: ({ length }, part = 1) => tokens + length <= part * BUDGET,
        add: ({ length }) => {
          tokens += length;
        },
      };
    },
    maxQueueTokens: 10_000,
    keyShare: 1,
    random: () => 0,
    onPoison: (input) => found.push(input),
  });
});

function has({ tokenIds }: Batch, token: number): boolean {
  return tokenIds.some((id) => id >= token && id < token + 100);
}

/** Lets the engine do what the tokens of its batches say, until it has none. */
async function play(): Promise<void> {
  for (let step = 0; engine.waiting.length > 0; step++) {
    assert.ok(step < 500, 'it comes to an end');
    const [head, second] = engine.waiting;
    assert.ok(!head?.isSuspect || second === undefined, 'nothing is sent behind a suspect');
    if (head !== undefined && has(head.batch, DEADLY)) {
      losses.push({ isSuspect: head.isSuspect, size: head.batch.offsets.length - 1 });
      engine.lose();
      await nextTurn();
      engine.become('ready');
    } else if (head !== undefined && has(head.batch, FAILING)) engine.fail(new BatchFailedError('scripted'));
    else engine.answer();
    await nextTurn();
  }
}

async function outcomeOf(promise: Promise<SubmitResult>): Promise<SubmitResult | HotvecError> {
  return promise.catch((error: HotvecError) => error);
}

function assertRows(outcome: SubmitResult | HotvecError | undefined, sequences: readonly Int32Array[]): void {
  assert.ok(!(outcome instanceof HotvecError), String(outcome));
  assert.deepEqual(
    outcome?.rows.map((row) => Array.from(row)),
    sequences.map((ids) => Array.from(hashRow(ids, HIDDEN))),
  );
}

/** Occupies the engine, so that what comes next is one batch. */
async function together(requests: readonly Int32Array[][]): Promise<(SubmitResult | HotvecError)[]> {
  const first = batcher.submit([Int32Array.of(1)]);
  const outcomes = requests.map((sequences) => outcomeOf(batcher.submit(sequences)));
  await play();
  await first;
  return Promise.all(outcomes);
}

const healthy = (n: number) => Int32Array.of(1_000 + n, 1_000 + n);

describe('An input that the engine dies of', () => {
  for (const [size, at] of [
    [20, 0],
    [20, 13],
    [20, 19],
    [2, 1],
    [3, 2],
    [1, 0],
  ] as const) {
    it(`is found among ${size}, at ${at}, and costs the others nothing`, async () => {
      const sequences = Array.from({ length: size }, (_, n) => (n === at ? Int32Array.of(DEADLY, 7) : healthy(n)));
      const outcomes = await together(sequences.map((one) => [one]));
      for (const [n, outcome] of outcomes.entries()) {
        if (n !== at) assertRows(outcome, [sequences[n] as Int32Array]);
        else assert.equal((outcome as HotvecError).code, 'inference_failed');
      }
      assert.ok(losses.length <= Math.max(3, 2 + Math.ceil(Math.log2(size))), 'a loss for each halving');
      assert.ok(losses.length >= 3, 'and none is condemned for less');
      assert.equal(losses.at(-1)?.size, 1);
      const heldAgainstEngine = losses.filter(({ isSuspect }) => !isSuspect).length;
      assert.equal(heldAgainstEngine, 1, 'a hunt counts as one crash');
      assert.deepEqual(
        found.map(({ tokens }) => tokens),
        [2],
      );
    });
  }

  it('fails its request as a whole, and nobody who shares the others of its sequences', async () => {
    const shared = [healthy(1), healthy(2)];
    const [bad, good] = await together([
      [healthy(1), Int32Array.of(DEADLY), healthy(2)],
      [...shared, healthy(3)],
    ]);
    assert.equal((bad as HotvecError).code, 'inference_failed');
    assertRows(good, [...shared, healthy(3)]);
  });

  it('is found beside another one, though that is not forgiven', async () => {
    const outcomes = await together(
      Array.from({ length: 16 }, (_, n) => [n === 3 || n === 9 ? Int32Array.of(DEADLY + n) : healthy(n)]),
    );
    for (const [n, outcome] of outcomes.entries()) {
      if (n === 3 || n === 9) assert.equal((outcome as HotvecError).code, 'inference_failed');
      else assertRows(outcome, [healthy(n)]);
    }
    assert.equal(found.length, 2);
    assert.ok(losses.filter(({ isSuspect }) => !isSuspect).length > 1);
  });

  it('is refused at once the next time, whoever brings it, and nothing else is', async () => {
    await together([[Int32Array.of(DEADLY)]]);
    const sent = engine.batchesSent;
    const again = await outcomeOf(batcher.submit([healthy(5), Int32Array.of(DEADLY)]));
    assert.equal((again as HotvecError).code, 'inference_failed');
    assert.deepEqual([engine.batchesSent, batcher.queueTokens], [sent, 0]);
    const partly = batcher.submit([Int32Array.of(DEADLY), healthy(5), Int32Array.of(DEADLY)], { onError: 'partial' });
    await play();
    const { rows, failures } = await partly;
    assert.deepEqual([...failures.keys()], [0, 2]);
    assert.deepEqual(rows[1], hashRow(healthy(5), HIDDEN));
    const nothing = await batcher.submit([Int32Array.of(DEADLY)], { onError: 'partial' });
    assert.deepEqual([nothing.failures.size, nothing.batches, nothing.lastBatchId], [1, 0, null]);
    assert.deepEqual([batcher.queueTokens, batcher.queueRequests], [0, 0]);
    const [other] = await together([[healthy(5)]]);
    assertRows(other, [healthy(5)]);
    assert.equal(found.length, 1, 'counted once');
  });

  it('is not looked for among what only waited behind it', async () => {
    // Sent ahead each time, and lost each time with the batch before it.
    const first = outcomeOf(batcher.submit([healthy(1)]));
    engine.answer(1);
    await first;
    for (let i = 0; i < 5; i++) {
      const computing = outcomeOf(batcher.submit([healthy(10 + i)]));
      const waiting = outcomeOf(batcher.submit([Int32Array.of(2_000 + i)]));
      assert.equal(engine.waiting.length, 2);
      engine.lose();
      await nextTurn();
      engine.become('ready');
      assert.equal(engine.waiting[0]?.isSuspect, true, 'it was being computed');
      engine.answer();
      await nextTurn();
      assert.equal(engine.waiting[0]?.isSuspect, false, 'it had done nothing');
      await play();
      assertRows(await computing, [healthy(10 + i)]);
      assertRows(await waiting, [Int32Array.of(2_000 + i)]);
    }
    assert.equal(found.length, 0);
  });

  it('is not what an engine dies of twice by chance', async () => {
    const outcomes = [1, 2, 3].map((n) => outcomeOf(batcher.submit([healthy(n), healthy(n + 10)])));
    for (let loss = 0; loss < 2; loss++) {
      engine.lose();
      await nextTurn();
      engine.become('ready');
    }
    await play();
    for (const [i, outcome] of (await Promise.all(outcomes)).entries()) {
      assertRows(outcome, [healthy(i + 1), healthy(i + 11)]);
    }
    assert.equal(found.length, 0);
  });

  it('is not hunted any more when its client is gone', async () => {
    const abort = new AbortController();
    const gone = outcomeOf(batcher.submit([Int32Array.of(DEADLY)], { signal: abort.signal }));
    engine.lose();
    await nextTurn();
    abort.abort();
    assert.equal(((await gone) as HotvecError).code, 'client_closed_request');
    engine.become('ready');
    assert.equal(engine.waiting.length, 0);
  });
});

describe('An input that the engine cannot compute', () => {
  it('is found, fails its request and no other, and may be tried again', async () => {
    const sequences = Array.from({ length: 20 }, (_, n) => (n === 11 ? Int32Array.of(FAILING) : healthy(n)));
    const outcomes = await together(sequences.map((one) => [one]));
    for (const [n, outcome] of outcomes.entries()) {
      if (n === 11) assert.equal((outcome as HotvecError).code, 'inference_failed');
      else assertRows(outcome, [sequences[n] as Int32Array]);
    }
    assert.deepEqual(found, [{ tokens: 1, reason: 'scripted' }]);
    const sent = engine.batchesSent;
    await together([[Int32Array.of(FAILING)]]);
    assert.equal(engine.batchesSent, sent + 2, 'it may have been the moment');
  });

  it('does not keep the others from an answer where every one fails', async () => {
    const outcomes = await together(Array.from({ length: 20 }, (_, n) => [Int32Array.of(FAILING + n)]));
    for (const outcome of outcomes) assert.equal((outcome as HotvecError).code, 'inference_failed');
    assert.equal(found.length, 20);
  });
});

describe('PoisonList', () => {
  it('forgets the oldest of more than a thousand', () => {
    const list = new PoisonList();
    for (let i = 0; i <= 1_000; i++) list.add(`${i}`);
    assert.deepEqual([list.size, list.has('0'), list.has('1'), list.has('1000')], [1_000, false, true, true]);
  });
});
