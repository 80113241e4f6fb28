import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { extent } from '../soak/extent.ts';
import { largestDifference } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { golden } from '../support/starter.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

const CLIENTS = 8;
const KILLS = extent(2, 3);
const texts = golden.texts.filter(({ text }) => text !== '');

describe('the engine killed with SIGKILL under load', () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  it('costs no request its answer: right vectors, or 503 with retry-after; then the service recovers on its own', async () => {
    let running = true;
    const outcomes = { right: 0, unavailable: 0, other: [] as unknown[] };

    async function client(number: number): Promise<void> {
      const random = new SeededRandom(number);
      while (running) {
        const chosen = Array.from({ length: random.integer(1, 20) }, () => random.pick(texts));
        const response = await service.post('/v1/embeddings', { input: chosen.map(({ text }) => text) });
        const body = (await response.json()) as { data: { embedding: number[] }[]; error?: { code: string } };
        const isRight =
          response.status === 200 &&
          body.data.length === chosen.length &&
          body.data.every(({ embedding }, i) => largestDifference(embedding, chosen[i]?.vector as number[]) < 2e-6);
        if (isRight) outcomes.right += 1;
        else if (response.status === 503 && Number(response.headers.get('retry-after')) >= 1) outcomes.unavailable += 1;
        else outcomes.other.push([response.status, body.error]);
      }
    }

    const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
    for (let kill = 0; kill < KILLS; kill++) {
      const rightBefore = outcomes.right;
      await until(() => outcomes.right > rightBefore + 20);
      const victim = service.engineProcessId() as number;
      process.kill(victim, 'SIGKILL');
      await until(() => service.engineProcessId() !== victim);
      while ((await fetch(`${service.url}/readyz`)).status !== 200) await sleep(5);
    }
    const rightBefore = outcomes.right;
    await until(() => outcomes.right > rightBefore + 20);
    running = false;
    await Promise.all(clients);
    assert.deepEqual(outcomes.other, []);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    assert.match(
      metrics,
      new RegExp(`hotvec_engine_restarts_total\\{reason="signal",model="starter",device_id="0",engine="0"\\} ${KILLS}`),
    );
    assert.match(
      metrics,
      new RegExp(`hotvec_engine_epoch\\{model="starter",device_id="0",engine="0"\\} ${KILLS + 1}\\n`),
    );
    assert.match(service.log(), /engine lost, restarting it/);
  });
});

describe('an engine that misbehaves', () => {
  it('never lets a vector without direction out, and serves the neighbors theirs', async () => {
    scriptFakeEngine({
      batchMs: 200,
      faults: [
        { batch: 1, fault: 'not_finite' },
        { batch: 2, fault: 'zeros' },
      ],
    });
    const service = await startService({}, fakeEngineEntry);
    try {
      const first = service.post('/v1/embeddings', { input: 'occupies the engine' });
      await sleep(20);
      // These two share batch 1; the first row of it holds a NaN.
      const [poisoned, neighbor] = await Promise.all([
        service.post('/v1/embeddings', { input: 'one' }),
        service.post('/v1/embeddings', { input: 'two' }),
      ]);
      const statuses = [poisoned.status, neighbor.status].sort();
      assert.deepEqual(statuses, [200, 500]);
      const zeros = await service.post('/v1/embeddings', { input: 'three' });
      assert.equal(zeros.status, 500);
      assert.equal(zeros.headers.get('x-should-retry'), 'false');
      assert.equal(((await zeros.json()) as { error: { code: string } }).error.code, 'non_finite_output');
      assert.equal((await first).status, 200);
      assert.equal((await service.post('/v1/embeddings', { input: 'four' })).status, 200);
      assert.match(
        await (await fetch(`${service.url}/metrics`)).text(),
        /hotvec_nonfinite_rows_total\{model="starter"\} 2/,
      );
    } finally {
      await service.close();
    }
  });

  it('answers 503 and then gives up for good when the engine crashes at every start', async () => {
    scriptFakeEngine({ load: { exitFromEpoch: 2 } });
    const service = await startService({}, fakeEngineEntry);
    process.kill(service.engineProcessId() as number, 'SIGKILL');
    await service.failed;
    const ready = await fetch(`${service.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal((await fetch(`${service.url}/livez`)).status, 503, 'an orchestrator need not wait');
    const answer = await service.post('/v1/embeddings', { input: 'x' });
    assert.equal(answer.status, 503);
    assert.equal(((await answer.json()) as { error: { code: string } }).error.code, 'not_ready');
    await service.close();
  });
});
