import process from 'node:process';
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../src/clock.ts';
import { DeviceTurns, type Seat } from '../src/engine/supervisor/device-turns.ts';
import { createLogger } from '../src/log/logger.ts';
import { type OpenModel, openModel } from '../src/served-models/open-model.ts';
import { readConfig } from '../src/settings/config.ts';
import { interleave } from './interleave.ts';
import { median, percentile } from './statistics.ts';

// Two models on one device: both engines at once against turns (docs/decisions/0096), interleaved in one run.
//   node dist/bench/shared-device.js --model starter --model DIR [--rounds N] [--seconds S]

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: ['starter', 'starter'] },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    device: { type: 'string', default: 'cpu' },
  },
});
const milliseconds = 1000 * Number(values.seconds);

/** Turns that can be turned off, so that both ways are measured on the same engines. */
class Switch {
  isOn = true;
  private readonly turns = new DeviceTurns();

  join(settings: Parameters<DeviceTurns['join']>[0]): Seat {
    const seat = this.turns.join(settings);
    return {
      get isWaiting() {
        return seat.isWaiting;
      },
      take: () => (this.isOn ? seat.take() : Promise.resolve(() => {})),
    };
  }
}

/** Requests of `count` sequences of `length` random tokens, from `clients` that ask one after the other. */
interface Load {
  clients: number;
  count: number;
  length: number;
}
const BULK: Load = { clients: 4, count: 32, length: 60 };
const QUERY: Load = { clients: 1, count: 1, length: 12 };

/** @returns tokens a second, and what each request took in milliseconds. */
async function run({ batcher, manifest }: OpenModel, load: Load): Promise<{ pace: number; latencies: number[] }> {
  const end = performance.now() + milliseconds;
  const latencies: number[] = [];
  const sequence = () =>
    Int32Array.from({ length: load.length }, () => Math.floor(Math.random() * (manifest.vocabularySize - 10)) + 5);
  const client = async () => {
    while (performance.now() < end) {
      const start = performance.now();
      await batcher.submit(Array.from({ length: load.count }, sequence));
      latencies.push(performance.now() - start);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: load.clients }, client));
  return { pace: (latencies.length * load.count * load.length * 1000) / (performance.now() - start), latencies };
}

const turns = new Switch();
const models: OpenModel[] = [];
for (const [i, model] of values.model.entries()) {
  const config = { ...readConfig({ MODEL: model, DEVICE: values.device }), servedModelName: `${i}` };
  const opened = await openModel({
    config,
    logger: createLogger('silent'),
    clock,
    turns,
    reports: () => ({ onEngineEvent: () => {} }),
  });
  await opened.start();
  models.push(opened);
}
const [a, b] = models as [OpenModel, OpenModel];

/** What both get done together, as part of what each does alone; and how long a query waits beside the other's bulk. */
async function measure(isOn: boolean): Promise<{ work: number; p50: number; p99: number; bulk: number }> {
  turns.isOn = isOn;
  const [both, other] = await Promise.all([run(a, BULK), run(b, BULK)]);
  const [bulk, queries] = await Promise.all([run(a, BULK), run(b, QUERY)]);
  const [p50, p99] = [percentile(queries.latencies, 0.5), percentile(queries.latencies, 0.99)];
  return { work: both.pace / alone.a + other.pace / alone.b, p50, p99, bulk: bulk.pace / alone.a };
}

const alone = { a: (await run(a, BULK)).pace, b: (await run(b, BULK)).pace };
const idle = await run(b, QUERY);
process.stdout.write(
  `alone: ${alone.a.toFixed(0)} and ${alone.b.toFixed(0)} tokens/s, query ${percentile(idle.latencies, 0.5).toFixed(1)} ms\n`,
);
const rounds = await interleave(
  Number(values.rounds),
  () => measure(true),
  () => measure(false),
);
const show = (name: string, pick: (one: Awaited<ReturnType<typeof measure>>) => number) => {
  const inTurns = rounds.flatMap((round) => round.a.map(pick));
  const atOnce = rounds.flatMap((round) => round.b.map(pick));
  const ratios = inTurns.map((value, i) => value / (atOnce[i] as number));
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  process.stdout.write(
    `${name}: turns ${median(inTurns).toFixed(2)}, at once ${median(atOnce).toFixed(2)}, ratio ${median(ratios).toFixed(2)} (${spread})\n`,
  );
};
show('work of both, 1 = one alone', ({ work }) => work);
show('query beside bulk, p50 ms', ({ p50 }) => p50);
show('query beside bulk, p99 ms', ({ p99 }) => p99);
show('that bulk, 1 = alone', ({ bulk }) => bulk);
for (const { engine } of models) await engine.close();
process.exit();
