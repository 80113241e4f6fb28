import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../../src/clock.ts';
import { extent } from '../soak/extent.ts';
import { largestDifference } from '../support/difference.ts';
import { paddedFixtures, paddedGolden } from '../support/padded-fixtures.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { golden } from '../support/starter.ts';
import { until } from '../support/supervised-engine.ts';

const CLIENTS_PER_MODEL = extent(3, 6);
const KILLS = extent(3, 20);
/** After which an engine's losses are forgotten (restarts.ts). */
const CRASH_WINDOW_MS = 5 * 60_000;

const VICTIM = 'starter';
const OTHER = 'bert-mean';
const texts = {
  [VICTIM]: golden.texts.filter(({ text }) => text !== '').map(({ text }) => text),
  [OTHER]: paddedGolden(OTHER)
    .texts.filter(({ text }) => text !== '')
    .map(({ text }) => text),
};
type Name = keyof typeof texts;

interface Answer {
  status: number;
  model?: string;
  vectors: number[][];
  retryAfter: number;
}

async function ask(service: RunningService, model: Name, input: string[]): Promise<Answer> {
  const response = await service.post('/v1/embeddings', { model, input });
  const body = (await response.json()) as { model?: string; data?: { embedding: number[] }[] };
  return {
    status: response.status,
    ...(body.model === undefined ? {} : { model: body.model }),
    vectors: (body.data ?? []).map(({ embedding }) => embedding),
    retryAfter: Number(response.headers.get('retry-after')),
  };
}

/** The vector of each text by a service that serves nothing else, each text computed alone. */
async function computedAlone(model: string, name: Name): Promise<Map<string, number[]>> {
  const alone = await startService({ model, device: 'cpu' });
  const vectors = new Map<string, number[]>();
  try {
    for (const text of texts[name]) {
      const { status, vectors: found } = await ask(alone, name, [text]);
      assert.equal(status, 200);
      vectors.set(text, found[0] as number[]);
    }
  } finally {
    await alone.close();
  }
  return vectors;
}

describe('the engine of one of two models, killed with SIGKILL again and again under load on both', () => {
  let service: RunningService;
  let references: Record<Name, Map<string, number[]>>;
  /** So long after the last loss that it does not count any more: a test cannot wait minutes between two. */
  let leap = 0;
  const clock: Clock = { now: () => systemClock.now() + leap, after: systemClock.after };
  before(async () => {
    const other = `${paddedFixtures}/${OTHER}`;
    references = { [VICTIM]: await computedAlone(VICTIM, VICTIM), [OTHER]: await computedAlone(other, OTHER) };
    service = await startService({ model: `${VICTIM},${other}`, device: 'cpu' }, undefined, { clock });
  });
  after(() => service.close());

  it('costs the other model nothing, and its own none but honest 503s; and it comes back', async () => {
    let running = true;
    const outcomes = {
      [VICTIM]: { right: 0, unavailable: 0, wrong: [] as unknown[] },
      [OTHER]: { right: 0, unavailable: 0, wrong: [] as unknown[] },
    };

    async function client(model: Name, number: number): Promise<void> {
      const random = new SeededRandom(number);
      const own = outcomes[model];
      while (running) {
        const input = Array.from({ length: random.integer(1, 12) }, () => random.pick(texts[model]));
        const answer = await ask(service, model, input);
        const isRight =
          answer.status === 200 &&
          answer.model === model &&
          answer.vectors.length === input.length &&
          answer.vectors.every(
            (vector, i) => largestDifference(vector, references[model].get(input[i] as string) as number[]) < 2e-6,
          );
        if (isRight) own.right += 1;
        else if (answer.status === 503 && answer.retryAfter >= 1) own.unavailable += 1;
        else own.wrong.push(answer);
      }
    }

    const clients = Array.from({ length: CLIENTS_PER_MODEL }, (_, i) => [
      client(VICTIM, 2 * i),
      client(OTHER, 2 * i + 1),
    ]).flat();
    for (let kill = 0; kill < KILLS; kill++) {
      const before = [outcomes[VICTIM].right, outcomes[OTHER].right] as const;
      await until(() => outcomes[VICTIM].right > before[0] + 5 && outcomes[OTHER].right > before[1] + 5);
      const victim = service.engineProcessId(VICTIM) as number;
      process.kill(victim, 'SIGKILL');
      await until(() => service.engineProcessId(VICTIM) !== victim);
      // The service is still ready: the other model is.
      assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
      const status = async () => {
        const { models } = (await (await fetch(`${service.url}/readyz`)).json()) as {
          models: { name: string; status: string }[];
        };
        return models.find(({ name }) => name === VICTIM)?.status;
      };
      while ((await status()) !== 'ready') await sleep(5);
      leap += CRASH_WINDOW_MS;
    }
    running = false;
    await Promise.all(clients);
    assert.deepEqual(outcomes[VICTIM].wrong, []);
    assert.deepEqual([outcomes[OTHER].wrong, outcomes[OTHER].unavailable], [[], 0]);
    const metrics = await readMetrics(service.url);
    for (const [model, epoch] of [
      [VICTIM, KILLS + 1],
      [OTHER, 1],
    ] as const) {
      assert.equal(metrics.get(`hotvec_engine_epoch{model="${model}",device_id="0",engine="0"}`), epoch, model);
    }
    assert.match(service.log(), /"model":"starter","deviceId":0,"engine":0,"epoch":1.*"engine lost, restarting it"/);
  });

  it('too many times, is given up, and the other model goes on', async () => {
    const engineState = async () => {
      const response = await fetch(`${service.url}/readyz`);
      const { models } = (await response.json()) as { models: { name: string; engine: { state: string } }[] };
      return [response.status, ...models.map(({ name, engine }) => `${name} ${engine.state}`)];
    };
    let killed: number | undefined;
    await until(async () => {
      const processId = service.engineProcessId(VICTIM);
      const [, state] = await engineState();
      if (state === `${VICTIM} ready` && processId !== undefined && processId !== killed) {
        killed = processId;
        process.kill(processId, 'SIGKILL');
      }
      return state === `${VICTIM} failed`;
    });
    assert.deepEqual(await engineState(), [200, `${VICTIM} failed`, `${OTHER} ready`]);
    assert.equal((await fetch(`${service.url}/livez`)).status, 200);
    const text = texts[VICTIM][0] as string;
    assert.equal((await ask(service, VICTIM, [text])).status, 503);
    const [other] = texts[OTHER];
    const answer = await ask(service, OTHER, [other as string]);
    assert.equal(answer.status, 200);
    assert.ok(
      largestDifference(answer.vectors[0] as number[], references[OTHER].get(other as string) as number[]) < 2e-6,
    );
    const isEnded = await Promise.race([service.failed.then(() => true), sleep(50).then(() => false)]);
    assert.equal(isEnded, false, 'the process goes on');
  });
});
