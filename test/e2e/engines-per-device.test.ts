import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { assertNames } from '../support/assert-names.ts';
import { largestDifference } from '../support/difference.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { golden } from '../support/starter.ts';
import { until } from '../support/supervised-engine.ts';

const CLIENTS = 8;
const texts = golden.texts.filter(({ text }) => text !== '');
const TWO = ['--device', 'cpu', '--engines-per-device', '2', '--threads', '2'];

describe('two engine processes on one device', () => {
  let cli: SpawnedCli;
  let url: string;
  before(async () => {
    cli = spawnCli(['serve', '--port', '0', ...TWO]);
    url = (await cli.line('ready')).url as string;
  });
  after(async () => {
    cli.child.kill('SIGTERM');
    await cli.exit;
  });

  const embed = (input: readonly string[]) =>
    fetch(`${url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input }),
    });
  const series = async (name: string) => {
    const metrics = await readMetrics(url);
    return [0, 1].map((engine) => metrics.get(`hotvec_${name}{model="starter",device_id="0",engine="${engine}"}`) ?? 0);
  };

  it('compute side by side, give the right vectors, and are told apart by log and metrics', async () => {
    const computed = async () => (await series('engine_busy_seconds_total')).every((seconds) => seconds > 0);
    while (!(await computed())) {
      await Promise.all(
        texts.map(async ({ text, vector }) => {
          const { data } = (await (await embed([text])).json()) as { data: { embedding: number[] }[] };
          assert.ok(largestDifference(data[0]?.embedding as number[], vector) < 2e-6, text);
        }),
      );
    }
    assert.deepEqual(await series('engine_epoch'), [1, 1]);
    assert.equal((await readMetrics(url)).get('hotvec_engine_up{model="starter"}'), 2);
    assert.equal((await cli.line('ready')).engines, 2);
  });

  it('lose one of them and no request: the other serves on', async () => {
    let running = true;
    const outcomes = { right: 0, other: [] as unknown[] };
    const client = async (number: number) => {
      for (let turn = number; running; turn++) {
        const chosen = Array.from(
          { length: 1 + (turn % 7) },
          (_, i) => texts[(turn + i) % texts.length] as (typeof texts)[0],
        );
        const response = await embed(chosen.map(({ text }) => text));
        const { data = [] } = (await response.json()) as { data?: { embedding: number[] }[] };
        const isRight = chosen.every(
          ({ vector }, i) => largestDifference(data[i]?.embedding ?? [Number.NaN], vector) < 2e-6,
        );
        if (response.status === 200 && isRight) outcomes.right += 1;
        else outcomes.other.push(response.status);
      }
    };
    const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
    await until(() => outcomes.right > 20);
    process.kill((await cli.line('engine ready')).processId as number, 'SIGKILL');
    await cli.line('engine lost, restarting it');
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    await until(async () => (await series('engine_epoch')).some((epoch) => epoch === 2));
    running = false;
    await Promise.all(clients);
    assert.deepEqual(outcomes.other, []);
    assert.deepEqual((await series('engine_epoch')).toSorted(), [1, 2]);
  });
});

describe('more engine processes than threads', () => {
  it('are refused in a line that says what to set', async () => {
    const cli = spawnCli(['serve', '--port', '0', '--device', 'cpu', '--engines-per-device', '3', '--threads', '2']);
    assert.equal(await cli.exit, 1);
    assertNames(cli.output(), 'ENGINES_PER_DEVICE=3', 'THREADS=2');
  });
});
