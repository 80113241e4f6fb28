import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batcher, BatcherOptions } from '../../src/batching/batcher.ts';
import { BatchFailedError } from '../../src/engine/engine.ts';
import type { HotvecError } from '../../src/errors.ts';
import { buildBatcher } from '../support/build-batcher.ts';
import { engineFacts } from '../support/engine-facts.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { hashRow } from '../support/hash-row.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';

const HIDDEN = 8;
const BUDGET = 100;

let clock: FakeClock;
let engine: ScriptedEngine;
let batcher: Batcher;

function create(options: Partial<BatcherOptions> = {}): void {
  clock = new FakeClock();
  engine = new ScriptedEngine(HIDDEN);
  batcher = buildBatcher({
    engine,
    clock,
    hiddenSize: HIDDEN,
    batchTokens: BUDGET,
    ...options,
  });
}

let nextToken = 0;
/** A sequence like no other. */
function sequence(length: number): Int32Array {
  return Int32Array.from({ length }, () => nextToken++);
}

function sequences(count: number, length: number): Int32Array[] {
  return Array.from({ length: count }, () => sequence(length));
}

async function rejection(promise: Promise<unknown>): Promise<HotvecError> {
  try {
    await promise;
  } catch (error) {
    return error as HotvecError;
  }
  throw new Error('did not fail');
}

/** Answers batches until none is under way. */
async function answerAll(): Promise<void> {
  while (engine.waiting.length > 0) {
    engine.answer();
    await nextTurn();
  }
}

/** Teaches the batcher that a full batch takes this long. */
async function learnDuration(milliseconds: number): Promise<void> {
  const done = batcher.submit([sequence(BUDGET)], { priority: 'bulk' });
  engine.answer(milliseconds);
  await done;
  await nextTurn();
}

describe('Batcher', () => {
  beforeEach(() => create());

  it('sends a lone request at once', () => {
    void batcher.submit([sequence(5)]);
    assert.equal(engine.waiting.length, 1);
  });

  it('gives each sequence its own row, in order, across batches', async () => {
    const submitted = sequences(30, 20);
    const done = batcher.submit(submitted);
    await answerAll();
    const {
      rows,
      facts: { batches },
    } = await done;
    assert.deepEqual(
      rows.map((row) => Array.from(row)),
      submitted.map((ids) => Array.from(hashRow(ids, HIDDEN))),
    );
    assert.equal(batches, 6, 'five sequences of 20 tokens a batch of 100');
  });

  it('lets requests collect while a batch runs, and sends an open batch only when the engine is free', async () => {
    const done = [batcher.submit([sequence(5)])];
    done.push(batcher.submit([sequence(5)]), batcher.submit([sequence(5)]));
    assert.equal(engine.batchesSent, 1, 'the second batch may still grow');
    engine.answer();
    await nextTurn();
    assert.equal(engine.batchesSent, 2);
    assert.equal(engine.waiting[0]?.batch.offsets.length, 3, 'both waiting requests in one batch');
    await answerAll();
    await Promise.all(done);
  });

  it('sends a second batch ahead, but not a third, when the first has a third of its time left', async () => {
    await learnDuration(45);
    void batcher.submit(sequences(100, 10));
    clock.advance(29);
    assert.equal(engine.waiting.length, 1, 'whoever comes now still has a place in the next');
    clock.advance(1);
    assert.equal(engine.waiting.length, 2);
    clock.advance(300);
    assert.equal(engine.waiting.length, 2);
  });

  it('sends it no more than 20 ms before the first is done, however long that takes', async () => {
    await learnDuration(300);
    void batcher.submit(sequences(100, 10));
    clock.advance(279);
    assert.equal(engine.waiting.length, 1);
    clock.advance(1);
    assert.equal(engine.waiting.length, 2);
  });

  it('keeps the batches of bulk short while queries come, and for five seconds after the last', async () => {
    create({ partBesideQueries: () => 0.5 });
    void batcher.submit(sequences(100, 10), { priority: 'bulk' });
    const sizes: (number | undefined)[] = [];
    const answer = async (count: number) => {
      for (let i = 0; i < count; i++) {
        sizes.push(engine.waiting[0]?.batch.tokenIds.length);
        // So long that nothing is sent ahead: the clock stands still.
        engine.answer(300);
        await nextTurn();
      }
    };
    await answer(1);
    void batcher.submit([sequence(5)]);
    await answer(4);
    assert.deepEqual(sizes, [100, 100, 5, 50, 50], 'two full ones, a quick one with the query, and short ones');
    clock.advance(5_000);
    await answer(3);
    assert.deepEqual(sizes.slice(5), [50, 100, 100], 'one was computed when the time was over');
  });

  it('sends no bulk ahead while queries come, but one that waits', async () => {
    await learnDuration(30);
    void batcher.submit([sequence(5)]);
    await answerAll();
    void batcher.submit(sequences(100, 10), { priority: 'bulk' });
    clock.advance(30);
    assert.equal(engine.waiting.length, 1);
    void batcher.submit([sequence(5)]);
    assert.equal(engine.waiting.length, 2, 'it is late, and the engine shall not idle');
    engine.answer(30);
    engine.answer(10);
    await nextTurn();
    assert.equal(engine.waiting.length, 1, 'nor is bulk in its turn');
    clock.advance(5_000);
    engine.answer(30);
    await nextTurn();
    assert.equal(engine.waiting.length, 1);
    clock.advance(20);
    assert.equal(engine.waiting.length, 2, 'nobody asked for five seconds');
  });

  it('lets bulk wait for a query that is being tokenized, unless it is its turn, and for five milliseconds at most', async () => {
    const arrived = batcher.makeWayFor({ tokens: 5, priority: undefined });
    void batcher.submit(sequences(50, 10), { priority: 'bulk' });
    assert.equal(engine.waiting.length, 0);
    arrived();
    void batcher.submit([sequence(5)]);
    assert.equal(engine.waiting[0]?.batch.tokenIds.length, 5 + 20, 'with bulk up to a quarter');
    const next = batcher.makeWayFor({ tokens: 5, priority: undefined });
    await nextTurn();
    engine.answer();
    await nextTurn();
    assert.equal(engine.waiting.length, 1, 'it is the turn of bulk');
    engine.answer();
    await nextTurn();
    assert.equal(engine.waiting.length, 0);
    clock.advance(4);
    assert.equal(engine.waiting.length, 0);
    clock.advance(1);
    assert.equal(engine.waiting.length, 1, 'the query is late');
    engine.answer();
    await nextTurn();
    assert.equal(engine.waiting.length, 0, 'it waits for each batch anew');
    next();
    await nextTurn();
    assert.equal(engine.waiting.length, 1, 'the query was answered without a batch');
  });

  it('sends bulk when it has waited long enough, also where the timer fires a moment before', async () => {
    const early = new FakeClock();
    const after = early.after.bind(early);
    early.after = (milliseconds, callback) => after(milliseconds - 0.5, callback);
    create({ clock: early });
    batcher.makeWayFor({ tokens: 5, priority: undefined });
    void batcher.submit([sequence(10)], { priority: 'bulk' });
    assert.equal(engine.waiting.length, 0);
    early.advance(5);
    assert.equal(engine.waiting.length, 1);
  });

  it('lets a query that comes into a full queue have a place in the very next batch', async () => {
    await learnDuration(300);
    for (let i = 0; i < 3; i++) void batcher.submit(sequences(30, 10));
    clock.advance(150);
    const query = batcher.submit([sequence(5)]);
    clock.advance(50);
    engine.answer(250);
    await nextTurn();
    engine.answer(300);
    assert.equal((await query).rows.length, 1);
  });

  it('reckons the end of a batch that was sent ahead from the answer to the one before', async () => {
    await learnDuration(300);
    void batcher.submit(sequences(100, 10));
    clock.advance(290);
    engine.answer(290);
    await nextTurn();
    clock.advance(270);
    assert.equal(engine.waiting.length, 1, 'a batch of 290 to 300 ms has 20 to 30 to go');
    clock.advance(20);
    assert.equal(engine.waiting.length, 2);
  });

  it('sends what waits ahead at once where batches are over in a few milliseconds', async () => {
    await learnDuration(5);
    void batcher.submit(sequences(100, 10));
    assert.equal(engine.waiting.length, 2);
  });

  it('continues without new requests when a batch takes longer than the last ones', async () => {
    await learnDuration(30);
    const done = batcher.submit(sequences(30, 10));
    clock.advance(1_000);
    await answerAll();
    assert.equal((await done).facts.batches, 3);
    assert.equal(clock.pending, 0);
  });

  it('never exceeds the token budget, but sends a longer sequence alone', async () => {
    const done = batcher.submit([sequence(30), sequence(300), sequence(30), sequence(60), sequence(50)]);
    const sizes: number[] = [];
    while (engine.waiting.length > 0) {
      sizes.push(engine.waiting[0]?.batch.tokenIds.length as number);
      engine.answer();
      await nextTurn();
    }
    await done;
    assert.equal(sizes.filter((size) => size > BUDGET).length, 1);
    assert.ok(sizes.includes(300));
  });

  it('keeps every process of several busy, and sends batches ahead to each', async () => {
    await learnDuration(5);
    engine.processes = 2;
    for (let i = 0; i < 2; i++) void batcher.submit([sequence(5)]);
    assert.equal(engine.waiting.length, 2, 'one each, though they may grow');
    const third = batcher.submit([sequence(5)]);
    assert.equal(engine.waiting.length, 2, 'both compute, for nobody knows how long: the third may grow');
    await answerAll();
    for (let i = 0; i < 5; i++) void batcher.submit([sequence(BUDGET)]);
    assert.equal(engine.waiting.length, 4, 'two each');
    engine.processes = 1;
    engine.answer();
    await nextTurn();
    assert.equal(engine.waiting.length, 3, 'none goes to a process that is gone');
    await answerAll();
    await third;
  });

  it('counts the pace of all processes together', async () => {
    engine.processes = 2;
    const done = batcher.submit([sequence(50)]);
    await answerAll();
    await done;
    assert.equal(batcher.tokensPerSecond, 100_000, '50 tokens in a millisecond, twice');
  });

  it('turns a request away when the queue is full, and says when to come back', async () => {
    void batcher.submit(sequences(100, 10));
    const waiting = batcher.queueTokens;
    assert.ok(waiting > 0);
    const error = await rejection(batcher.submit([sequence(1_000)]));
    assert.equal(error.code, 'overloaded');
    assert.ok((error.retryAfterMs as number) >= 1_000 && (error.retryAfterMs as number) <= 30_000);
  });

  it('lets a request that was tokenized meanwhile exceed the bounds by a tenth, and by no more', async () => {
    create({ keyShare: 0.5 });
    void batcher.submit([sequence(BUDGET)]);
    void batcher.submit([sequence(500)], { owner: 'a' });
    void batcher.submit([sequence(450)]);
    assert.equal((await rejection(batcher.submit([sequence(51)]))).code, 'overloaded');
    assert.equal((await rejection(batcher.submit([sequence(1)], { owner: 'a' }))).code, 'key_share_exceeded');
    const tooMany = batcher.submit([sequence(151)], { wasExpected: true });
    assert.equal((await rejection(tooMany)).code, 'overloaded');
    const tooLarge = batcher.submit([sequence(51)], { owner: 'a', wasExpected: true });
    assert.equal((await rejection(tooLarge)).code, 'key_share_exceeded');
    void batcher.submit([sequence(50)], { owner: 'a', wasExpected: true });
    void batcher.submit([sequence(100)], { wasExpected: true });
    assert.equal(batcher.queueTokens, 1_100);
  });

  it('says when to come back by the warm-up pace before the first batch, and by the load time while restarting', async () => {
    engine.info = engineFacts({ loadMilliseconds: 8_000, tokensPerSecond: 500 });
    void batcher.submit(sequences(105, 10)).catch(() => {});
    const overloaded = await rejection(batcher.submit([sequence(1_000)]));
    assert.equal(overloaded.retryAfterMs, 2_100, '1,050 tokens inside at 500 a second');
    engine.become('restarting');
    const restarting = await rejection(batcher.submit([sequence(5)]));
    assert.equal(restarting.retryAfterMs, 10_000);
  });

  it('counts the wait in the engine’s channel as waiting', async () => {
    await learnDuration(5);
    const first = batcher.submit([sequence(BUDGET)]);
    const second = batcher.submit(sequences(10, 10));
    assert.equal(engine.waiting.length, 2);
    clock.advance(500);
    engine.answer();
    await first;
    clock.advance(30);
    engine.answer();
    assert.deepEqual((await second).facts.timings, { queue: 529, infer: 1 });
  });

  it('lets one request larger than the queue in when nothing waits', async () => {
    const done = batcher.submit(sequences(50, 100));
    await answerAll();
    assert.equal((await done).rows.length, 50);
  });

  it('keeps one API key within its share', async () => {
    create({ keyShare: 0.5 });
    void batcher.submit(sequences(60, 10), { owner: 'greedy' });
    assert.equal((await rejection(batcher.submit(sequences(30, 10), { owner: 'greedy' }))).code, 'key_share_exceeded');
    void batcher.submit(sequences(30, 10), { owner: 'other' });
  });

  it('counts what a key has in both lanes: to call something interactive gives it no more room', async () => {
    create({ keyShare: 0.5 });
    void batcher.submit(sequences(60, 10), { owner: 'greedy', priority: 'bulk' });
    const more = batcher.submit(sequences(30, 10), { owner: 'greedy', priority: 'interactive' });
    assert.equal((await rejection(more)).code, 'key_share_exceeded');
    void batcher.submit(sequences(3, 10), { owner: 'other', priority: 'bulk' });
  });

  it('drops what was cancelled when the batch forms, and frees its tokens at once', async () => {
    const done = batcher.submit([sequence(5)]);
    const abort = new AbortController();
    const cancelled = rejection(batcher.submit(sequences(3, 7), { signal: abort.signal }));
    assert.equal(batcher.queueTokens, 21);
    abort.abort();
    assert.equal((await cancelled).code, 'client_closed_request');
    assert.equal(batcher.queueTokens, 0);
    await answerAll();
    await done;
    assert.equal(engine.batchesSent, 1);
  });

  it('refuses what is already cancelled or late', async () => {
    assert.equal(
      (await rejection(batcher.submit([sequence(1)], { signal: AbortSignal.abort() }))).code,
      'client_closed_request',
    );
    assert.equal((await rejection(batcher.submit([sequence(1)], { deadline: 0 }))).code, 'deadline_exceeded');
    assert.equal(engine.batchesSent, 0);
  });

  it('ends a request at its deadline, waiting or computing, and leaves no timer behind', async () => {
    const computing = rejection(batcher.submit([sequence(5)], { deadline: 100 }));
    const waiting = rejection(batcher.submit([sequence(5)], { deadline: 50 }));
    clock.advance(50);
    assert.equal((await waiting).code, 'deadline_exceeded');
    clock.advance(50);
    assert.equal((await computing).code, 'deadline_exceeded');
    await answerAll();
    const inTime = batcher.submit([sequence(5)], { deadline: 1_000 });
    await answerAll();
    await inTime;
    assert.equal(clock.pending, 0);
  });

  it('answers a request for nothing at once, unless it would not be answered at all', async () => {
    assert.deepEqual((await batcher.submit([])).rows, []);
    assert.equal((await rejection(batcher.submit([], { signal: AbortSignal.abort() }))).code, 'client_closed_request');
    assert.equal((await rejection(batcher.submit([], { deadline: 0 }))).code, 'deadline_exceeded');
    engine.become('restarting');
    assert.equal((await rejection(batcher.submit([]))).code, 'engine_restarting');
    assert.equal(engine.batchesSent, 0);
  });

  it('sends a lost batch once more when the engine is back', async () => {
    const ids = sequence(5);
    const done = batcher.submit([ids]);
    engine.lose();
    await nextTurn();
    assert.equal((await rejection(batcher.submit([sequence(5)]))).code, 'engine_restarting');
    engine.become('ready');
    await answerAll();
    assert.deepEqual(Array.from((await done).rows[0] as Float32Array), Array.from(hashRow(ids, HIDDEN)));
  });

  it('does not send a lost batch again for a client that is gone', async () => {
    const abort = new AbortController();
    const cancelled = rejection(batcher.submit([sequence(5)], { signal: abort.signal }));
    engine.lose();
    await nextTurn();
    abort.abort();
    await cancelled;
    engine.become('ready');
    assert.equal(engine.batchesSent, 1);
  });

  it('fails every waiting request when the engine is given up', async () => {
    const failures = [rejection(batcher.submit(sequences(40, 10))), rejection(batcher.submit([sequence(5)]))];
    engine.lose('failed');
    for (const failure of failures) assert.match((await failure).code, /not_ready|engine_restarting/);
    assert.equal((await rejection(batcher.submit([sequence(5)]))).code, 'not_ready');
  });

  it('answers draining once the engine is closed', async () => {
    const failures = [rejection(batcher.submit([sequence(5)])), rejection(batcher.submit([sequence(5)]))];
    void engine.close();
    for (const failure of failures) assert.match((await failure).code, /draining|engine_restarting/);
    assert.equal((await rejection(batcher.submit([sequence(5)]))).code, 'draining');
  });

  it('fails the requests of a batch that the engine could not compute, and no other', async () => {
    const failed = rejection(batcher.submit([sequence(5)]));
    const other = batcher.submit([sequence(5)]);
    engine.fail(new BatchFailedError('out of memory'));
    assert.equal((await failed).code, 'inference_failed');
    await nextTurn();
    await answerAll();
    await other;
  });

  it('gives a request that accepts partial results the other rows, and says which are missing', async () => {
    const submitted = sequences(10, 20);
    const partial = batcher.submit(submitted, { onError: 'partial' });
    const whole = rejection(batcher.submit([submitted[0] as Int32Array, sequence(5)]));
    const bad = submitted[0]?.[0] as number;
    for (; engine.waiting.length > 0; await nextTurn()) {
      if (engine.waiting[0]?.batch.tokenIds.includes(bad)) engine.fail(new BatchFailedError('out of memory'));
      else engine.answer();
    }
    assert.equal((await whole).code, 'inference_failed');
    const { rows, failures } = await partial;
    assert.deepEqual([...failures.keys()], [0]);
    assert.equal(failures.get(0)?.code, 'inference_failed');
    for (let i = 1; i < 10; i++) {
      assert.deepEqual(Array.from(rows[i] as Float32Array), Array.from(hashRow(submitted[i] as Int32Array, HIDDEN)));
    }
  });

  it('fails such a request as a whole when the engine is lost for good, or its deadline passes', async () => {
    const late = rejection(batcher.submit(sequences(10, 20), { onError: 'partial', deadline: clock.now() + 10 }));
    clock.advance(11);
    assert.equal((await late).code, 'deadline_exceeded');
    const lost = rejection(batcher.submit(sequences(10, 20), { onError: 'partial' }));
    engine.lose('failed');
    assert.match((await lost).code, /not_ready|engine_restarting/);
  });
});

describe('A request larger than what one may count for in the queue', () => {
  beforeEach(() => create({ maxQueueTokens: 600_000 }));

  /** Tokens of LangChain's thousand texts of 4,000 characters. */
  const large = () => sequences(100, 10_000);

  it('leaves room for others, however large, and for no more than seven like it', async () => {
    void batcher.submit([sequence(BUDGET)]);
    for (let i = 0; i < 7; i++) void batcher.submit(large()).catch(() => {});
    assert.ok(batcher.queueTokens > 6_900_000);
    const eighth = await rejection(batcher.submit(large()));
    assert.equal(eighth.code, 'overloaded');
    assert.match(
      eighth.message,
      /^The queue is full: \d{7} tokens are waiting, counted as 525000; the limit is 600000/,
    );
    // A query, and the passages of others.
    const others = [[sequence(8)], sequences(60, 1_000)].map((one) => batcher.submit(one));
    assert.equal(batcher.queueRequests, 9);
    assert.equal((await rejection(batcher.submit(sequences(20, 1_000)))).code, 'overloaded');
    void Promise.allSettled(others);
  });

  it('counts again as what it has left, when that is less', async () => {
    const done = batcher.submit(sequences(100, 1_000));
    void batcher.submit(sequences(100, 1_000)).catch(() => {});
    await answerAll();
    await done;
    assert.equal(batcher.queueTokens, 0);
    void batcher.submit([sequence(BUDGET)]);
    void batcher.submit(sequences(600, 1_000));
    assert.equal(batcher.queueTokens, 600_000);
  });

  it('is let in beside others only if all of it can be done in its time', async () => {
    await learnDuration(10);
    const { tokensPerSecond } = batcher;
    assert.ok(tokensPerSecond > 0);
    const now = clock.now();
    void batcher.submit(large()).catch(() => {});
    const seconds = 2_000_000 / tokensPerSecond;
    const late = batcher.submit(large(), { deadline: now + 0.9 * seconds * 1000 });
    assert.match((await rejection(late)).message, /could not be computed before its deadline/);
    void batcher.submit(large(), { deadline: now + 1.1 * seconds * 1000 }).catch(() => {});
    assert.equal(batcher.queueRequests, 2);
    void batcher.submit([sequence(8)], { deadline: now + 1_000 }).catch(() => {});
    assert.equal(batcher.queueRequests, 3, 'a query takes its turn before');
  });
});
