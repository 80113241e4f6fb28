import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { systemClock as clock } from '../src/clock.ts';
import { createLogger } from '../src/log/logger.ts';
import { type OpenModel, openModel } from '../src/served-models/open-model.ts';
import { readConfig } from '../src/settings/config.ts';
import { DeviceTurns, takeTurns } from './device-turns.ts';
import { interleave } from './interleave.ts';
import { median, percentile, sum } from './statistics.ts';

// Two models on one device: both engines at once against turns (docs/decisions/0096), interleaved in one run.
//   node dist/bench/shared-device.js --model starter --model DIR [--rounds N] [--seconds S] [--texts N]

const { values } = parseArgs({
  options: {
    model: { type: 'string', multiple: true, default: ['starter', 'starter'] },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    texts: { type: 'string', default: '32' },
    device: { type: 'string', default: 'cpu' },
  },
});
const milliseconds = 1000 * Number(values.seconds);

/** Requests of `count` sequences of `length` random tokens, from `clients` that ask one after the other. */
interface Load {
  clients: number;
  count: number;
  length: number;
}
const BULK: Load = { clients: 4, count: Number(values.texts), length: 60 };
const QUERY: Load = { clients: 1, count: 1, length: 12 };

interface Run {
  /** Tokens a second. */
  pace: number;
  /** Tokens in a second of its engine's processor time, which others on the machine do not change much. */
  perCpuSecond: number;
  /** Milliseconds of each request. */
  latencies: number[];
}

async function run({ batcher, manifest, engine }: OpenModel, load: Load): Promise<Run> {
  const cpuBefore = cpuSeconds(engine.processIds);
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
  const tokens = latencies.length * load.count * load.length;
  const seconds = (performance.now() - start) / 1000;
  return { pace: tokens / seconds, perCpuSecond: tokens / (cpuSeconds(engine.processIds) - cpuBefore), latencies };
}

/** Processor time of processes so far; Linux counts it in hundredths of a second. */
function cpuSeconds(processIds: readonly number[]): number {
  return sum(
    processIds.map((id) => {
      const [, fields = ''] = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ');
      const [user, system] = fields.split(' ').slice(11, 13);
      return (Number(user) + Number(system)) / 100;
    }),
  );
}

const turns = new DeviceTurns();
let isOn = false;
const models: OpenModel[] = [];
for (const [i, model] of values.model.entries()) {
  const config = { ...readConfig({ MODEL: model, DEVICE: values.device }), servedModelName: `${i}` };
  const opened = await openModel({
    config,
    logger: createLogger('silent'),
    clock,
    reports: () => ({ onEngineEvent: () => {} }),
  });
  await opened.start();
  takeTurns(opened.engine, turns.join(), () => isOn);
  models.push(opened);
}
const [a, b] = models as [OpenModel, OpenModel];

/** What both get done together, as part of what each does alone; and how long a query waits beside the other's bulk. */
async function measure(inTurns: boolean): Promise<Record<'work' | 'efficiency' | 'p50' | 'p99' | 'bulk', number>> {
  isOn = inTurns;
  const [both, other] = await Promise.all([run(a, BULK), run(b, BULK)]);
  const [bulk, queries] = await Promise.all([run(a, BULK), run(b, QUERY)]);
  const [p50, p99] = [percentile(queries.latencies, 0.5), percentile(queries.latencies, 0.99)];
  return {
    work: both.pace / alone.a.pace + other.pace / alone.b.pace,
    efficiency: (both.perCpuSecond / alone.a.perCpuSecond + other.perCpuSecond / alone.b.perCpuSecond) / 2,
    p50,
    p99,
    bulk: bulk.pace / alone.a.pace,
  };
}

const alone = { a: await run(a, BULK), b: await run(b, BULK) };
const idle = await run(b, QUERY);
process.stdout.write(
  `alone: ${alone.a.pace.toFixed(0)} and ${alone.b.pace.toFixed(0)} tokens/s, query ${percentile(idle.latencies, 0.5).toFixed(1)} ms\n`,
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
show('the same by processor time', ({ efficiency }) => efficiency);
show('query beside bulk, p50 ms', ({ p50 }) => p50);
show('query beside bulk, p99 ms', ({ p99 }) => p99);
show('that bulk, 1 = alone', ({ bulk }) => bulk);
for (const { engine } of models) await engine.close();
process.exit();
