import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { partBesideQueries } from '../../src/batching/batch-meter.ts';
import { PackedMeter } from '../../src/formats/causal/packed-meter.ts';
import { buildBatcher } from '../support/build-batcher.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const BUDGET = 1_024;
/** Milliseconds: of each batch, and of each token. A full batch takes 14.3. */
const BATCH_MS = 0.5;
const TOKEN_MS = 0.0135;
const FULL_BATCH_MS = BATCH_MS + BUDGET * TOKEN_MS;
const QUERY_TOKENS = 26;
const SECONDS = 30;

interface Run {
  /** How much longer than alone each query took, in full batches. */
  waits: number[];
  bulkTokensPerSecond: number;
  busyRatio: number;
}

/** Four clients with 64 passages a request keep the engine busy; one asks a query now and then. Time is simulated. */
async function simulate({ queries, part = 1 }: { queries: boolean; part?: number }): Promise<Run> {
  const clock = new FakeClock();
  const random = new SeededRandom(3);
  const engine = new ScriptedEngine(1);
  let [freeAt, busy, tokens, nextToken] = [0, 0, 0, 0];
  const take = engine.run.bind(engine);
  engine.run = (batch, options) => {
    const duration = (BATCH_MS + TOKEN_MS * batch.tokenIds.length) * (0.9 + random.integer(0, 30) / 100);
    freeAt = Math.max(clock.now(), freeAt) + duration;
    busy += duration;
    clock.after(freeAt - clock.now(), () => engine.answer(duration));
    return take(batch, options);
  };
  const batcher = buildBatcher({
    engine,
    clock,
    hiddenSize: 1,
    createMeter: () =>
      new PackedMeter({
        maxUniqueTokens: BUDGET,
        cost: { perRow: 1_000, perSlotAndPosition: 0.01 },
      }),
    maxQueueTokens: 600_000,
    partBesideQueries: () => part,
  });
  const sequence = (length: number) => Int32Array.from({ length }, () => nextToken++);
  const wait = (milliseconds: number) => new Promise<void>((resolve) => clock.after(milliseconds, resolve));
  const end = 1_000 * SECONDS;
  const waits: number[] = [];
  const bulk = async () => {
    for (await wait(random.integer(0, 20)); clock.now() < end; await wait(random.integer(2, 5))) {
      const passages = Array.from({ length: 64 }, () => sequence(random.integer(40, 300)));
      await batcher.submit(passages);
      tokens += passages.reduce((sum, { length }) => sum + length, 0);
    }
  };
  const query = async () => {
    for (await wait(20); clock.now() < end; await wait(random.integer(20, 30))) {
      const start = clock.now();
      await batcher.submit([sequence(QUERY_TOKENS)]);
      waits.push((clock.now() - start - BATCH_MS - QUERY_TOKENS * TOKEN_MS) / FULL_BATCH_MS);
    }
  };
  let isOver = false;
  const clients = [bulk(), bulk(), bulk(), bulk(), ...(queries ? [query()] : [])];
  void Promise.all(clients).then(() => {
    isOver = true;
  });
  while (!isOver) {
    await nextTurn();
    clock.advanceToNext();
  }
  return {
    waits: waits.sort((a, b) => a - b),
    bulkTokensPerSecond: (1_000 * tokens) / clock.now(),
    busyRatio: busy / clock.now(),
  };
}

describe('A query under saturating bulk', () => {
  it('waits for less than two full batches, and costs bulk its own time and little more', async () => {
    const alone = await simulate({ queries: false });
    const mixed = await simulate({ queries: true });
    assert.ok(mixed.waits.length > 500);
    const [median, p99] = [0.5, 0.99].map((part) => mixed.waits[Math.floor(part * mixed.waits.length)] as number);
    assert.ok((median as number) < 1.25, `the median is ${median}`);
    assert.ok((p99 as number) < 2, `the 99th percentile is ${p99}`);
    assert.ok(mixed.busyRatio > 0.98 && alone.busyRatio > 0.98);
    const share = mixed.bulkTokensPerSecond / alone.bulkTokensPerSecond;
    assert.ok(share > 0.95, `bulk goes on at ${share} of its pace`);
  });

  it('waits for little more than one where half a batch is about as fast, and costs bulk some percent', async () => {
    const part = partBesideQueries(
      [BUDGET / 2, BUDGET].map((tokens) => ({ tokens, milliseconds: BATCH_MS + tokens * TOKEN_MS })),
      BUDGET,
    );
    assert.equal(part, 0.5);
    const alone = await simulate({ queries: false, part });
    const mixed = await simulate({ queries: true, part });
    assert.ok(mixed.waits.length > 500);
    const [median, p99] = [0.5, 0.99].map((part) => mixed.waits[Math.floor(part * mixed.waits.length)] as number);
    assert.ok((median as number) < 0.9, `the median is ${median}`);
    assert.ok((p99 as number) < 1.3, `the 99th percentile is ${p99}`);
    const share = mixed.bulkTokensPerSecond / alone.bulkTokensPerSecond;
    assert.ok(share > 0.93, `bulk goes on at ${share} of its pace`);
  });
});
