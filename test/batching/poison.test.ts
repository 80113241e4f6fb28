import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batcher } from '../../src/batching/batcher.ts';
import type { SubmitResult } from '../../src/batching/pending-request.ts';
import { PoisonList } from '../../src/batching/poison-list.ts';
import type { PoisonReport } from '../../src/batching/trials.ts';
import { BatchFailedError } from '../../src/engine/engine.ts';
import type { Batch } from '../../src/engine/protocol.ts';
import { HotvecError } from '../../src/errors.ts';
import { buildBatcher } from '../support/build-batcher.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hashRow } from '../support/hash-row.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const HIDDEN = 8;
const BUDGET = 100;
/** Tokens that the engine dies of, and that it cannot compute. */
const DEADLY = 66_600;
const FAILING = 55_500;

let engine: ScriptedEngine;
let batcher: Batcher;
let clock: FakeClock;
let acquitted: number[];
let random: () => number;
let found: PoisonReport[];
let losses: { isSuspect: boolean; size: number }[];

beforeEach(() => {
  found = [];
  setUp();
});

function setUp(): void {
  engine = new ScriptedEngine(HIDDEN);
  clock = new FakeClock();
  acquitted = [];
  losses = [];
  random = () => 0;
  batcher = buildBatcher({
    engine,
    clock,
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
    random: () => random(),
    onPoison: (input) => found.push(input),
    onAcquittal: ({ tokens }) => acquitted.push(tokens),
  });
}

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
      assert.ok(losses.length <= 5 + Math.ceil(Math.log2(size)), 'a loss for each halving, and the trials');
      assert.ok(losses.length >= 4, 'and none is condemned for less');
      assert.equal(losses.at(-1)?.size, 1);
      const heldAgainstEngine = losses.filter(({ isSuspect }) => !isSuspect).length;
      assert.equal(heldAgainstEngine, 1, 'a hunt counts as one crash');
      assert.deepEqual(
        found.map(({ tokens }) => tokens),
        [2],
      );
    });
  }

  it('fails its whole request, and no request that shares its other sequences', async () => {
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
    assert.deepEqual([nothing.failures.size, nothing.facts.batches, nothing.facts.lastBatchId], [1, 0, null]);
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
    assert.deepEqual(found, [{ tokens: 1, reason: 'scripted', refusedForMs: 0 }]);
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

const MINUTE = 60_000;

describe('A verdict', () => {
  const deadly = Int32Array.of(DEADLY, 7);

  it('lapses after ten minutes; then the input is tried alone, once, at the cost of one loss, and refused twice as long', async () => {
    await together([[deadly]]);
    for (const minutes of [10, 20, 40]) {
      assert.equal(found.at(-1)?.refusedForMs, minutes * MINUTE);
      clock.advance(minutes * MINUTE - 1);
      const sent = engine.batchesSent;
      assert.equal(((await outcomeOf(batcher.submit([deadly]))) as HotvecError).code, 'inference_failed');
      assert.equal(engine.batchesSent, sent, 'not tried');
      clock.advance(1);
      const before = losses.length;
      const [bad, ...good] = await together([[deadly], [healthy(1)], [healthy(2)]]);
      assert.equal((bad as HotvecError).code, 'inference_failed');
      for (const [n, outcome] of good.entries()) assertRows(outcome, [healthy(n + 1)]);
      assert.deepEqual(losses.slice(before), [{ isSuspect: false, size: 1 }], 'alone, and held against the engine');
    }
  });

  it('holds a day at most', async () => {
    await together([[deadly]]);
    for (let i = 0; i < 12; i++) {
      clock.advance(found.at(-1)?.refusedForMs ?? 0);
      await together([[deadly]]);
    }
    assert.equal(found.at(-1)?.refusedForMs, 24 * 60 * MINUTE);
  });

  it('is void once the input was computed, and that is told', async () => {
    await together([[deadly]]);
    clock.advance(10 * MINUTE);
    const again = batcher.submit([deadly]);
    engine.answer();
    await nextTurn();
    assertRows(await again, [deadly]);
    assert.deepEqual(acquitted, [2]);
    const [company, neighbor] = [batcher.submit([deadly]), batcher.submit([healthy(1)])];
    await nextTurn();
    for (let i = 0; i < 3; i++) {
      engine.answer();
      await nextTurn();
    }
    assertRows(await company, [deadly]);
    assertRows(await neighbor, [healthy(1)]);
    assert.equal(acquitted.length, 1, 'once');
  });

  it('of first instance is put to the test when the engine is lost under something else soon after', async () => {
    await together([[deadly]]);
    const other = outcomeOf(batcher.submit([healthy(1)]));
    engine.lose();
    await nextTurn();
    engine.become('ready');
    await play();
    assertRows(await other, [healthy(1)]);
    const again = batcher.submit([deadly]);
    engine.answer();
    assertRows(await again, [deadly]);
  });
});

describe('An input under which the engine is killed by something else', () => {
  /** Kills the engine whatever it does, and has another. */
  async function kill(): Promise<void> {
    engine.lose();
    await nextTurn();
    engine.become('ready');
    await nextTurn();
  }

  it('is not condemned for three kills, nor for the next one that hits something else', async () => {
    random = () => 0.5;
    const wanted = outcomeOf(batcher.submit([healthy(1)]));
    await kill();
    await kill();
    assert.equal(engine.waiting.length, 0, 'its next trial is at a moment that chance chooses');
    const other = outcomeOf(batcher.submit([healthy(2)]));
    await kill();
    assert.equal(engine.waiting.length, 1);
    await play();
    clock.advance(MINUTE);
    await play();
    assertRows(await wanted, [healthy(1)]);
    assertRows(await other, [healthy(2)]);
    assert.deepEqual([found.length, clock.pending], [0, 0]);
  });

  it('is tried anew where the engine is killed while it does nothing', async () => {
    random = () => 0.5;
    const wanted = outcomeOf(batcher.submit([healthy(1)]));
    await kill();
    for (let i = 0; i < 5; i++) {
      // Under it, and while it waits.
      await kill();
      await kill();
      assert.equal(engine.waiting.length, 1, 'at once, in a fresh process');
    }
    await play();
    assertRows(await wanted, [healthy(1)]);
    assert.equal(found.length, 0);
  });

  it('is remembered as a suspect when its client leaves, and tried alone when it comes again', async () => {
    for (let i = 0; i < 2; i++) {
      const leave = new AbortController();
      const gone = outcomeOf(batcher.submit([Int32Array.of(DEADLY, 7)], { signal: leave.signal }));
      assert.equal(engine.waiting.length, 1);
      engine.lose();
      leave.abort();
      await gone;
      engine.become('ready');
      await play();
    }
    const [bad, good] = await together([[Int32Array.of(DEADLY, 7)], [healthy(1)]]);
    assert.equal((bad as HotvecError).code, 'inference_failed');
    assertRows(good, [healthy(1)]);
    assert.ok(
      losses.every(({ size }) => size === 1),
      'no neighbor was lost with it',
    );
  });

  /** A service under load in simulated time, with a killer that strikes now and then. */
  async function simulate(seed: number, { kills, poison }: { kills: number; poison: boolean }): Promise<boolean> {
    setUp();
    const chance = new SeededRandom(seed);
    random = () => chance.next();
    const between = 50 + 4_000 * chance.next() ** 2;
    let nextKill = between * chance.next();
    let left = kills;
    let readyAt = 0;
    let startedAt: number | undefined;
    const texts = Array.from({ length: 12 }, (_, n) =>
      new Int32Array(1 + Math.floor(chance.next() * 60)).fill(2_000 + n),
    );
    const outcomes: Promise<SubmitResult | HotvecError>[] = [];
    let bad: Promise<SubmitResult | HotvecError> | undefined;
    for (let idle = 0; idle < 3; ) {
      if (engine.state === 'ready' && (left > 0 || outcomes.length < 60) && engine.waiting.length < 2) {
        outcomes.push(outcomeOf(batcher.submit([texts[Math.floor(chance.next() * texts.length)] as Int32Array])));
        if (poison) bad ??= outcomeOf(batcher.submit([Int32Array.of(DEADLY)]));
      }
      clock.advance(5);
      const now = clock.now();
      if (engine.state !== 'ready' && now >= readyAt) engine.become('ready');
      const [head] = engine.waiting;
      if (head === undefined) startedAt = undefined;
      else startedAt ??= now;
      const isDead = head !== undefined && has(head.batch, DEADLY) && now - (startedAt ?? now) >= 10;
      if (isDead || (left > 0 && now >= nextKill)) {
        if (!isDead) {
          left -= 1;
          nextKill = now + 2 * between * chance.next();
        }
        engine.lose();
        readyAt = now + 500;
        startedAt = undefined;
      } else if (head !== undefined && now - (startedAt ?? now) >= 5 + 3 * head.batch.tokenIds.length) {
        engine.answer();
        startedAt = undefined;
      }
      await nextTurn();
      idle =
        left === 0 && engine.state === 'ready' && batcher.queueRequests + engine.waiting.length + clock.pending === 0
          ? idle + 1
          : 0;
      assert.ok(now < 600_000, 'it comes to an end');
    }
    for (const outcome of await Promise.all(outcomes)) assert.ok(!(outcome instanceof HotvecError), String(outcome));
    if (bad === undefined) return false;
    return (await bad) instanceof HotvecError;
  }

  for (const kills of [3, 6, 20]) {
    it(`is never refused, in any of 40 services with ${kills} kills under load`, async () => {
      for (let seed = 0; seed < 40; seed++) {
        await simulate(seed, { kills, poison: false });
        assert.equal(found.length, 0, `seed ${seed}`);
      }
    });
  }

  it('is told apart from one that kills the engine, which is still found', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const poison = seed % 5 === 0;
      assert.equal(await simulate(seed, { kills: seed % 4, poison }), poison, `seed ${seed}`);
    }
    assert.deepEqual(
      found.map(({ tokens }) => tokens),
      [1, 1, 1, 1, 1, 1, 1, 1],
    );
  });
});

describe('PoisonList', () => {
  it('forgets the oldest of more than a thousand', () => {
    const list = new PoisonList();
    const evidence = { alone: 3, fresh: 1, atRandom: 2 };
    for (let i = 0; i <= 1_000; i++) list.condemn(`${i}`, evidence, 0);
    assert.equal(list.size, 1_000);
    assert.deepEqual(
      ['0', '1', '1000'].map((key) => list.isRefused(key, 1)),
      [false, true, true],
    );
    list.condemn('1000', evidence, 0);
    assert.equal(list.isRefused('1', 1), true, 'a second verdict takes no other place');
  });
});
