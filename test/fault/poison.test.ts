import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../support/fake-engine-process.ts';
import { type Answer, ask } from '../support/fault-clients.ts';
import { checkLogLine } from '../support/log-lines.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

const POISON = 11_111;

function restarts(metrics: ReadonlyMap<string, number>): number {
  const all = [...metrics].filter(([name]) => name.startsWith('hotvec_engine_restarts_total'));
  return all.reduce((sum, [, count]) => sum + count, 0);
}

/** As a client that obeys `retry-after`, but for its length. */
async function askUntilUp(service: RunningService, input: number[][]): Promise<Answer> {
  for (;;) {
    const answer = await ask(service, { input });
    if (answer.status !== 503) return answer;
    await sleep(20);
  }
}

describe('An input that the engine cannot bear', () => {
  for (const [fault, isDeadly] of [
    ['killed', true],
    ['short_row', true],
    ['batch_failed', false],
  ] as [Fault, boolean][]) {
    it(`fails its own request and no other: ${fault}`, async () => {
      scriptFakeEngine({ batchMs: 100, poison: { token: POISON, fault } });
      const service = await startService({}, fakeEngineEntry);
      try {
        const first = ask(service, { input: [[1, 2, 3]] });
        await sleep(30);
        // These share a batch.
        const inputs = Array.from({ length: 4 }, (_, n) => [
          [20 + n, 1],
          [20 + n, 2, n === 2 ? POISON : 3],
          [20 + n, 4],
        ]);
        const answers = await Promise.all(inputs.map((input) => askUntilUp(service, input)));
        assert.equal((await first).status, 200);
        for (const [n, { status, code, headers }] of answers.entries()) {
          if (n !== 2) assert.equal(status, 200);
          else {
            assert.deepEqual([status, code], [500, 'inference_failed']);
            assert.equal(headers.get('x-should-retry'), 'false');
          }
        }
        const before = await readMetrics(service.url);
        assert.equal(before.get('hotvec_poison_inputs_total{model="starter"}'), 1);
        if (isDeadly)
          assert.ok(restarts(before) >= 4 && restarts(before) <= 9, 'two, one for each halving, three alone');
        else assert.equal(restarts(before), 0);

        // Again, alone and in company: what killed the engine is not tried again.
        const again = await askUntilUp(service, [
          [50, 1],
          [22, 2, POISON],
        ]);
        assert.deepEqual([again.status, again.code], [500, 'inference_failed']);
        assert.equal((await ask(service, { input: [[50, 1]] })).status, 200);
        const after = await readMetrics(service.url);
        assert.equal(restarts(after), restarts(before));
        assert.equal(after.get('hotvec_poison_inputs_total{model="starter"}'), isDeadly ? 1 : 2);
        assert.equal(after.get('hotvec_queue_tokens{model="starter"}'), 0);

        // Who wants what there is gets it.
        const partial = await service.post('/v1/embeddings', {
          input: [
            [50, 1],
            [22, 2, POISON],
          ],
          on_error: 'partial',
          token_ids: 'as_is',
        });
        const { data } = (await partial.json()) as { data: { object: string; error?: { code: string } }[] };
        assert.deepEqual(
          data.map(({ object, error }) => [object, error?.code]),
          [
            ['embedding', undefined],
            ['error', 'inference_failed'],
          ],
        );
        assert.equal((await fetch(`${service.url}/livez`)).status, 200, 'a hunt does not use up the restarts');
        assert.match(service.log(), isDeadly ? /"refusedForMs":600000/ : /"refusedForMs":0/);
        for (const line of service.log().trim().split('\n')) checkLogLine(line);
        assert.doesNotMatch(service.log(), new RegExp(`${POISON}`), 'no input is logged');
      } finally {
        await service.close();
      }
    });
  }
});

describe('A text under which the engine is killed from outside', () => {
  it('is served after three kills under it, and later', async () => {
    scriptFakeEngine({ batchMs: 300 });
    const service = await startService({}, fakeEngineEntry);
    try {
      const first = ask(service, { input: [[1, 2, 3]] });
      let killed: number | undefined;
      for (let kill = 0; kill < 3; kill++) {
        await until(async () => {
          const id = service.engineProcessId();
          return id !== undefined && id !== killed && (await fetch(`${service.url}/readyz`)).ok;
        });
        await sleep(50);
        killed = service.engineProcessId() as number;
        process.kill(killed, 'SIGKILL');
      }
      assert.equal((await first).status, 200);
      assert.equal((await askUntilUp(service, [[1, 2, 3]])).status, 200);
      assert.equal((await readMetrics(service.url)).get('hotvec_poison_inputs_total{model="starter"}'), 0);
    } finally {
      await service.close();
    }
  });
});

describe('A process in which every batch fails', () => {
  it('is not ready after three in a row, and is replaced when the canary fails in it too', async () => {
    scriptFakeEngine({
      canary: 'fails',
      faults: [0, 1, 2].map((batch) => ({ epoch: 1, batch, fault: 'batch_failed' as const })),
    });
    const service = await startService({}, fakeEngineEntry);
    try {
      for (let n = 0; n < 3; n++) assert.equal((await ask(service, { input: [[n]] })).code, 'inference_failed');
      assert.equal((await askUntilUp(service, [[9]])).status, 200);
      assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
      const metrics = await readMetrics(service.url);
      assert.equal(
        metrics.get('hotvec_engine_restarts_total{reason="canary_failed",model="starter",device_id="0",engine="0"}'),
        1,
      );
      const seen = service.log().trim().split('\n').map(checkLogLine);
      assert.ok(seen.includes('batches failed, running the canary'));
    } finally {
      await service.close();
    }
  });

  it('goes on when the canary passes: it was the inputs', async () => {
    scriptFakeEngine({ poison: { token: POISON, fault: 'batch_failed' } });
    const service = await startService({}, fakeEngineEntry);
    try {
      for (let n = 0; n < 4; n++) assert.equal((await askUntilUp(service, [[n, POISON]])).code, 'inference_failed');
      assert.equal((await askUntilUp(service, [[9]])).status, 200);
      const seen = service.log().trim().split('\n').map(checkLogLine);
      assert.ok(seen.includes('canary passed, engine back in service'));
      assert.equal(restarts(await readMetrics(service.url)), 0);
    } finally {
      await service.close();
    }
  });

  it('stays out of service while the canary runs, alive', async () => {
    scriptFakeEngine({
      canary: 'hangs',
      faults: [0, 1, 2].map((batch) => ({ batch, fault: 'batch_failed' as const })),
    });
    const service = await startService({}, fakeEngineEntry);
    try {
      for (let n = 0; n < 3; n++) await ask(service, { input: [[n]] });
      assert.equal((await fetch(`${service.url}/readyz`)).status, 503);
      assert.equal((await fetch(`${service.url}/livez`)).status, 200);
      const refused = await ask(service, { input: [[9]] });
      assert.deepEqual([refused.status, refused.code], [503, 'engine_restarting']);
      assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    } finally {
      await service.close();
    }
  });
});
