import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { Fault } from '../support/fake-engine-process.ts';
import { askAll } from '../support/fault-clients.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

const CLIENTS = 8;
const REQUESTS = 6;
/** Batches that the dispatcher lets an engine process have: one to compute, one sent ahead. */
const MOST_UNDER_WAY = 2;
/** After which an engine's losses are forgotten (restarts.ts). */
const CRASH_WINDOW_MS = 5 * 60_000;

/** What a fault may cost: the reason a process is lost for, and answers that are dropped. */
interface Cost {
  lost?: string;
  stale?: number;
  /** A request may get this instead of its vectors. */
  code?: string;
}

const FAULTS: [Fault, Cost][] = [
  ['killed', { lost: 'signal' }],
  ['crash', { lost: 'signal' }],
  ['exit', { lost: 'exit' }],
  ['hang', { lost: 'hung' }],
  ['slow', {}],
  ['batch_failed', {}],
  ['not_finite', { code: 'non_finite_output' }],
  ['short_row', { lost: 'bad_reply' }],
  ['extra_row', { lost: 'bad_reply' }],
  ['wrong_types', { lost: 'bad_reply' }],
  ['unknown_kind', { lost: 'bad_reply' }],
  ['huge_id', { lost: 'bad_reply' }],
  ['garbage', { stale: 1 }],
  ['nothing', { stale: 1 }],
  ['old_epoch', { stale: 1 }],
  ['next_epoch', { stale: 1 }],
  ['unknown_batch', { stale: 1 }],
  ['answer_twice', { stale: 1 }],
];

/** Each fault comes under a token of its own, in the process that was started after the losses of those before it. */
const MARKED = FAULTS.map(([fault], i) => ({
  epoch: 1 + FAULTS.slice(0, i).filter(([, { lost }]) => lost !== undefined).length,
  token: 100 + i,
  fault,
}));

// Through HTTP and the real protocol, under clients that never stop. `ask` asserts that each vector is its own.
describe('An engine process that misbehaves once', () => {
  let service: RunningService;
  /** So long after the last loss that it does not count any more. */
  let leap = 0;
  const clock: Clock = { now: () => systemClock.now() + leap, after: systemClock.after };
  before(async () => {
    scriptFakeEngine({ batchMs: 5, marked: MARKED });
    service = await startService({}, fakeEngineEntry, { clock });
  });
  afterEach(() => {
    leap += CRASH_WINDOW_MS;
  });
  after(() => service.close());

  for (const [i, [fault, { lost, stale = 0, code }]] of FAULTS.entries()) {
    it(`costs clients nothing but time, and the service recovers: ${fault}`, async () => {
      const earlier = await readMetrics(service.url);
      const answers = await askAll(service, CLIENTS, REQUESTS, MARKED[i]?.token);
      assert.equal(answers.length, CLIENTS * REQUESTS, 'each answered once');
      const others = answers.filter(({ status }) => status !== 200);
      for (const answer of others) {
        // Who comes while another process is started is told when to come again.
        const isRestart = lost !== undefined && answer.status === 503 && answer.code === 'engine_restarting';
        if (isRestart) assert.ok(Number(answer.headers.get('retry-after')) >= 1);
        else assert.equal(answer.code, code);
      }
      if (code !== undefined) assert.ok(others.length > 0);
      await until(async () => (await fetch(`${service.url}/readyz`)).ok);
      assert.equal((await fetch(`${service.url}/livez`)).status, 200);
      const metrics = await readMetrics(service.url);
      const since = (name: string) => (metrics.get(name) as number) - (earlier.get(name) as number);
      assert.equal(metrics.get('hotvec_queue_tokens{model="starter"}'), 0);
      // What a process sends after its wrong message is dropped: as much as it sent before this process read that message
      // and killed it. It can have answered both batches that it had by then.
      const dropped = since('hotvec_stale_replies_total{model="starter"}');
      assert.ok(lost === undefined ? dropped === stale : dropped <= MOST_UNDER_WAY, `${dropped} dropped`);
      assert.equal(since('hotvec_poison_inputs_total{model="starter"}'), 0, 'once is no poison');
      const losses = [...metrics.keys()].filter((name) => name.startsWith('hotvec_engine_restarts_total'));
      for (const name of losses) assert.equal(since(name), name.includes(`"${lost}"`) ? 1 : 0, name);
      assert.equal((await askAll(service, 2, 2)).filter(({ status }) => status === 200).length, 4);
    });
  }
});
