import type { EncodingFormat } from '../src/http/answers/encode-rows.ts';
import { fullBatches, timeAlone } from './engine-alone.ts';
import { interleave } from './interleave.ts';
import type { LoadResult } from './load.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, milliseconds, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import type { RunningService } from './service.ts';
import { median, percentile, sum } from './statistics.ts';
import type { TargetId } from './targets.ts';
import { MEAN_TOKENS, type WorkItem, type WorkloadName } from './workloads.ts';

const TURN_SECONDS = 0.4;

interface Load {
  workload: WorkloadName;
  textsPerRequest: number;
  clients: number;
  format?: EncodingFormat;
  target?: TargetId;
}

const PASSAGES: Load = { workload: 'p', textsPerRequest: 1, clients: 32, target: 'serviceShare' };
const LOADS: Load[] = [
  PASSAGES,
  { workload: 'p', textsPerRequest: 16, clients: 8 },
  { workload: 'mix', textsPerRequest: 16, clients: 8 },
  { workload: 'l', textsPerRequest: 1, clients: 8 },
  { workload: 'qi', textsPerRequest: 1, clients: 32 },
  { workload: 'dup', textsPerRequest: 1, clients: 32 },
  // Each of clients, texts a request and format varies where the others are fixed.
  { workload: 'q', textsPerRequest: 1, clients: 1 },
  { workload: 'q', textsPerRequest: 1, clients: 8 },
  { workload: 'q', textsPerRequest: 1, clients: 32 },
  { workload: 'q', textsPerRequest: 1, clients: 32, format: 'float' },
  { workload: 'q', textsPerRequest: 1, clients: 64, target: 'singleTextRate' },
  { workload: 'q', textsPerRequest: 1, clients: 128 },
  { workload: 'q', textsPerRequest: 16, clients: 32 },
  { workload: 'q', textsPerRequest: 16, clients: 32, format: 'float' },
  { workload: 'q', textsPerRequest: 256, clients: 1 },
  { workload: 'q', textsPerRequest: 256, clients: 8, target: 'bulkTextRate' },
  { workload: 'q', textsPerRequest: 256, clients: 8, format: 'float' },
];

/**
 * Capacity over HTTP, every client sending its next request when its last is answered; and what is left of the engine's
 * speed, on the same cores as engine and load generator.
 */
export async function* measureClosedLoop(bench: EngineBench): AsyncGenerator<Row> {
  const service = await bench.service();
  const speed = await speedAlone(bench, service);
  for (const load of loadsFor(bench)) yield await measureLoad(bench, service, load, speed);
}

function loadsFor({ isLarge, options }: EngineBench): Load[] {
  // The others would take a large model hours, and say nothing new.
  if (isLarge) return [PASSAGES];
  return options.quick ? LOADS.filter((_, i) => i % 7 === 0) : LOADS;
}

async function speedAlone({ model, manifest, workloads }: EngineBench, service: RunningService): Promise<number> {
  const items = await workloads.take('p', 32, 99);
  const ids = items.map((item) => item.ids);
  const batches = fullBatches(ids, service.batchTokens, manifest);
  return sum(ids.map(({ length }) => length)) / (await timeAlone(model, batches));
}

async function measureLoad(bench: EngineBench, service: RunningService, load: Load, speed: number): Promise<Row> {
  const { model, manifest, workloads, options } = bench;
  const { workload, textsPerRequest, clients, format = 'base64', target } = load;
  const requestTokens = textsPerRequest * MEAN_TOKENS[workload];
  const fewest = clients * (options.quick ? 1 : 2);
  const requests = Math.max(fewest, Math.round(((options.quick ? 0.05 : TURN_SECONDS) * speed) / requestTokens));
  const roundSeconds = (4 * requests * requestTokens) / speed;
  const rounds = Math.max(1, Math.min(options.rounds, Math.floor(options.cellSeconds / roundSeconds)));

  const turns: WorkItem[][] = [];
  for (let turn = 0; turn < 2 * rounds; turn++) {
    turns.push(await workloads.take(workload, requests * textsPerRequest, 200 + turn));
  }
  const batches = turns.map((items) => {
    const ids = items.map((item) => item.ids);
    return fullBatches(ids, service.batchTokens, manifest);
  });
  const results = await interleave<Pick<LoadResult, 'seconds' | 'latencies'>>(
    rounds,
    async (turn) => ({ seconds: await timeAlone(model, batches[turn] ?? []), latencies: new Float64Array() }),
    (turn) =>
      bench.load.sendWithoutFailure({
        target: { url: service.url, path: '/v1/embeddings' },
        bodies: requestBodies(turns[turn] ?? [], textsPerRequest, format),
        manner: { clients },
      }),
  );
  const secondsOf = (side: { seconds: number }[]) => sum(side.map(({ seconds }) => seconds));
  const tokens = (round: number) =>
    sum(turns.slice(2 * round, 2 * round + 2).flatMap((t) => t.map((i) => i.ids.length)));
  const tokenRate = median(results.map(({ b }, round) => tokens(round) / secondsOf(b)));
  const requestRate = median(results.map(({ b }) => (2 * requests) / secondsOf(b)));
  const ratio = median(results.map(({ a, b }) => secondsOf(a) / secondsOf(b)));
  const latencies = results.flatMap(({ b }) => b.flatMap((turn) => [...turn.latencies]));
  const [p50, p99] = [0.5, 0.99].map((fraction) => milliseconds(percentile(latencies, fraction)));
  const rates = [`${figure(requestRate)} requests/s`, `${figure(tokenRate)} tokens/s`];
  if (textsPerRequest > 1) rates.splice(1, 0, `${figure(requestRate * textsPerRequest)} texts/s`);
  const measured = target === 'serviceShare' ? ratio : requestRate * textsPerRequest;
  const many = `${clients} ${clients === 1 ? 'client' : 'clients'}`;
  return {
    model: manifest.name,
    measure: `closed loop, ${workload} × ${textsPerRequest} a request, ${format}, ${many}`,
    result: rates.join(', '),
    against: `${figure(ratio)}× engine alone; p50 ${p50}, p99 ${p99}; ${rounds} rounds`,
    ...(target === undefined ? {} : { targets: { [target]: measured } }),
  };
}
