import assert from 'node:assert/strict';
import { once } from 'node:events';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { BatchMeter } from '../../src/batching/batch-meter.ts';
import type { Batcher } from '../../src/batching/batcher.ts';
import type { SubmitResult } from '../../src/batching/pending-request.ts';
import { BatchFailedError } from '../../src/engine/engine.ts';
import type { HotvecError } from '../../src/errors.ts';
import { buildBatcher } from '../support/build-batcher.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hashRow } from '../support/hash-row.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';

const HIDDEN = 8;
const BUDGET = 20;
const same = Int32Array.of(1, 2, 3, 4, 5);
const long = (start: number) => Int32Array.from({ length: BUDGET }, (_, i) => start + i);

let clock: FakeClock;
let engine: ScriptedEngine;
let batcher: Batcher;

/** Plain token budget: what shares prefixes, or is the same, is not cheaper. */
function plainMeter(): BatchMeter {
  let tokens = 0;
  return {
    fits: ({ length }) => tokens + length <= BUDGET,
    add: ({ length }) => {
      tokens += length;
    },
  };
}

function create(keyShare = 1): void {
  clock = new FakeClock();
  engine = new ScriptedEngine(HIDDEN);
  batcher = buildBatcher({
    engine,
    clock,
    hiddenSize: HIDDEN,
    createMeter: plainMeter,
    maxQueueTokens: 80,
    keyShare,
  });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'answered',
    (error: HotvecError) => error.code,
  );
}

async function answerAll(): Promise<void> {
  for (; engine.waiting.length > 0; await nextTurn()) engine.answer();
}

function assertRows({ rows }: SubmitResult, expected: readonly Int32Array[]): void {
  assert.deepEqual(
    rows.map((row) => Array.from(row)),
    expected.map((ids) => Array.from(hashRow(ids, HIDDEN))),
  );
}

/** How often the engine was given these token ids, in batches not answered yet. */
function timesSent(ids: Int32Array): number {
  const sent = engine.waiting.flatMap(({ batch: { tokenIds, offsets } }) =>
    Array.from(offsets.subarray(1), (end, i) => tokenIds.subarray(offsets[i], end).join()),
  );
  return sent.filter((one) => one === ids.join()).length;
}

/** Nothing is left of them: who brings them now has them computed anew. */
async function assertForgotten(...all: Int32Array[]): Promise<void> {
  for (const ids of all) {
    const sent = engine.batchesSent;
    const done = batcher.submit([ids]);
    await answerAll();
    assertRows(await done, [ids]);
    assert.equal(engine.batchesSent, sent + 1);
  }
}

describe('Equal sequences of different requests', () => {
  beforeEach(() => create());

  it('are computed once when the second comes while the first is being computed', async () => {
    const first = batcher.submit([same]);
    const second = batcher.submit([long(100), same, same]);
    assert.equal(batcher.queueTokens, BUDGET, 'only the long one is left to compute');
    assert.equal(engine.waiting.length, 1);
    assert.equal(timesSent(same), 1);
    await answerAll();
    assertRows(await first, [same]);
    assertRows(await second, [long(100), same, same]);
    assert.deepEqual([(await first).facts.shared, (await second).facts.shared], [0, 2]);
    assert.deepEqual([(await first).facts.batches, (await second).facts.batches], [1, 2]);
    await assertForgotten(same, long(100));
  });

  it('are computed once when both wait, whoever comes first', async () => {
    const running = batcher.submit([Int32Array.of(7)]);
    const waiting = [batcher.submit([same]), batcher.submit([same]), batcher.submit([same, Int32Array.of(8)])];
    engine.answer();
    await running;
    await nextTurn();
    assert.equal(timesSent(same), 1);
    await answerAll();
    const results = await Promise.all(waiting);
    for (const result of results.slice(0, 2)) assertRows(result, [same]);
    assertRows(results[2] as SubmitResult, [same, Int32Array.of(8)]);
    assert.deepEqual(
      results.map(({ facts }) => facts.shared),
      [0, 1, 1],
    );
    assert.equal(engine.batchesSent, 2);
  });

  it('are told apart by every token and by their length', async () => {
    const others = [
      Int32Array.of(1, 2, 3, 4, 6),
      same.subarray(0, 4),
      same.subarray(1),
      Int32Array.of(1, 2, 3, 4, 5, 5),
    ];
    const done = [batcher.submit([same]), ...others.map((ids) => batcher.submit([ids]))];
    await answerAll();
    for (const [i, result] of (await Promise.all(done)).entries()) {
      assertRows(result, [[same, ...others][i] as Int32Array]);
      assert.equal(result.facts.shared, 0);
    }
  });

  it('are computed anew once answered: nothing is kept', async () => {
    const first = batcher.submit([same]);
    await answerAll();
    await first;
    const second = batcher.submit([same]);
    assert.equal(engine.batchesSent, 2);
    await answerAll();
    assert.equal((await second).facts.shared, 0);
  });

  it('go on for the second when the first is cancelled, waiting or being computed', async () => {
    for (const isComputing of [true, false]) {
      create();
      const blocking = isComputing ? undefined : batcher.submit([Int32Array.of(7)]);
      const abort = new AbortController();
      const first = codeOf(batcher.submit([same], { signal: abort.signal }));
      const second = batcher.submit([same]);
      abort.abort();
      assert.equal(await first, 'client_closed_request');
      await answerAll();
      await blocking;
      assertRows(await second, [same]);
      assert.equal(engine.batchesSent, isComputing ? 1 : 2);
    }
  });

  it('go on for the first when the second is cancelled or its deadline passes', async () => {
    const first = batcher.submit([same]);
    const abort = new AbortController();
    const cancelled = codeOf(batcher.submit([same], { signal: abort.signal }));
    const late = codeOf(batcher.submit([same], { deadline: clock.now() + 10 }));
    abort.abort();
    clock.advance(10);
    assert.deepEqual([await cancelled, await late], ['client_closed_request', 'deadline_exceeded']);
    await answerAll();
    assertRows(await first, [same]);
    assert.equal(clock.pending, 0);
  });

  it('leave the queue with the last who waits for them', async () => {
    const running = batcher.submit([Int32Array.of(7)]);
    const abort = new AbortController();
    const given = [1, 2].map(() => codeOf(batcher.submit([same], { signal: abort.signal })));
    assert.equal(batcher.queueTokens, 10, 'each holds a place');
    abort.abort();
    assert.deepEqual(await Promise.all(given), ['client_closed_request', 'client_closed_request']);
    assert.equal(batcher.queueTokens, 0);
    await answerAll();
    await running;
    assert.equal(engine.batchesSent, 1);
    await assertForgotten(same, Int32Array.of(7));
  });

  it('may still be joined when one who waited, or everybody, has left and they are being computed', async () => {
    for (const stays of [true, false]) {
      create();
      const abort = new AbortController();
      const left = codeOf(batcher.submit([same], { signal: abort.signal }));
      const staying = stays ? [batcher.submit([same])] : [];
      abort.abort();
      assert.equal(await left, 'client_closed_request');
      const late = batcher.submit([same, same]);
      await answerAll();
      for (const result of await Promise.all(staying)) assertRows(result, [same]);
      assertRows(await late, [same, same]);
      assert.equal(engine.batchesSent, 1);
    }
  });

  it('fail together when they could not be computed, and with no other', async () => {
    const together = [codeOf(batcher.submit([same])), codeOf(batcher.submit([same, Int32Array.of(9)]))];
    const other = batcher.submit([Int32Array.of(10)]);
    engine.fail(new BatchFailedError('scripted'));
    assert.deepEqual(await Promise.all(together), ['inference_failed', 'inference_failed']);
    await nextTurn();
    await answerAll();
    assertRows(await other, [Int32Array.of(10)]);
    await assertForgotten(same, Int32Array.of(9));
  });

  it('are sent once more after an engine was lost, for whoever is left', async () => {
    const abort = new AbortController();
    const first = codeOf(batcher.submit([same], { signal: abort.signal }));
    const second = batcher.submit([same]);
    engine.lose();
    await nextTurn();
    abort.abort();
    assert.equal(await first, 'client_closed_request');
    engine.become('ready');
    await answerAll();
    assertRows(await second, [same]);
    await assertForgotten(same);
  });

  it('end together when the engine is given up between two tries', async () => {
    const both = [codeOf(batcher.submit([same])), codeOf(batcher.submit([same]))];
    engine.lose();
    await nextTurn();
    engine.become('failed');
    assert.deepEqual(await Promise.all(both), ['not_ready', 'not_ready']);
    engine.become('ready');
    await assertForgotten(same);
  });

  it('are let into a full queue when they are being computed, and refused when they would wait', async () => {
    const computing = batcher.submit([same]);
    const full = [100, 200, 300, 400].map((start) => batcher.submit([long(start)]));
    const waiting = long(400);
    assert.equal(batcher.queueTokens, 80);
    const joined = batcher.submit([same]);
    assert.equal(await codeOf(batcher.submit([waiting])), 'overloaded', 'it would hold a place of its own');
    assert.equal(await codeOf(batcher.submit([same, Int32Array.of(9)])), 'overloaded');
    await answerAll();
    assertRows(await joined, [same]);
    await Promise.all([computing, ...full]);
    await assertForgotten(same, waiting);
  });

  it('count for the share of every key that waits for them, and of none once computed', async () => {
    create(0.25);
    const computing = batcher.submit([same], { owner: 'a' });
    const waiting = [batcher.submit([long(200)], { owner: 'a' }), batcher.submit([long(200)], { owner: 'b' })];
    assert.equal(await codeOf(batcher.submit([Int32Array.of(9)], { owner: 'a' })), 'key_share_exceeded');
    assert.equal(await codeOf(batcher.submit([Int32Array.of(9)], { owner: 'b' })), 'key_share_exceeded');
    const joined = batcher.submit([same], { owner: 'b' });
    await answerAll();
    await Promise.all([computing, ...waiting, joined]);
  });

  it('keep no answered request alive until the next major collection', async () => {
    const worker = new Worker(new URL('../support/churn-in-flight.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
    });
    const [bytes] = (await once(worker, 'message')) as [number];
    // A hundred requests are 1.6 MiB. On Node 20 what was kept alive was 20 to 40 MiB.
    assert.ok(bytes < 10 * 2 ** 20, `the old generation grew by ${Math.round(bytes / 2 ** 20)} MiB`);
  });
});
