import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fault } from '../support/fake-engine-process.ts';
import { askAll } from '../support/fault-clients.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

const CLIENTS = 8;
const REQUESTS = 6;
/** Batches that the dispatcher lets an engine process have: one to compute, one sent ahead. */
const MOST_UNDER_WAY = 2;

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

// Through HTTP and the real protocol, under clients that never stop. `ask` asserts that each vector is its own.
describe('An engine process that misbehaves once', () => {
  for (const [fault, { lost, stale = 0, code }] of FAULTS) {
    it(`costs nobody more than time, and is in order again: ${fault}`, async () => {
      scriptFakeEngine({ batchMs: 5, faults: [{ epoch: 1, batch: 3, fault }] });
      const service = await startService({}, fakeEngineEntry);
      try {
        const answers = await askAll(service, CLIENTS, REQUESTS);
        assert.equal(answers.length, CLIENTS * REQUESTS, 'each answered once');
        const others = answers.filter(({ status }) => status !== 200);
        for (const answer of others) {
          // Who comes while another process is started is told when to come again.
          const isRestart = lost !== undefined && answer.status === 503 && answer.code === 'engine_restarting';
          if (isRestart) assert.ok(Number(answer.headers.get('retry-after')) >= 1);
          else assert.equal(answer.code, code);
        }
        await until(async () => (await fetch(`${service.url}/readyz`)).ok);
        assert.equal((await fetch(`${service.url}/livez`)).status, 200);
        const metrics = await readMetrics(service.url);
        assert.equal(metrics.get('hotvec_queue_tokens{model="starter"}'), 0);
        // What a process sends after its wrong message is dropped: as much as it sent before this process read that message
        // and killed it. It can have answered both batches that it had by then.
        const dropped = metrics.get('hotvec_stale_replies_total{model="starter"}') as number;
        assert.ok(lost === undefined ? dropped === stale : dropped <= MOST_UNDER_WAY, `${dropped} dropped`);
        assert.equal(metrics.get('hotvec_poison_inputs_total{model="starter"}'), 0, 'once is no poison');
        const losses = [...metrics].filter(([name]) => name.startsWith('hotvec_engine_restarts_total'));
        for (const [name, count] of losses) assert.equal(count, name.includes(`"${lost}"`) ? 1 : 0, name);
        assert.equal((await askAll(service, 2, 2)).filter(({ status }) => status === 200).length, 4);
      } finally {
        await service.close();
      }
    });
  }
});
