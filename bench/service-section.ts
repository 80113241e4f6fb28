import { fullBatches, timeAlone } from './engine-alone.ts';
import type { EngineBench } from './engine-section.ts';
import { HttpClient } from './http-client.ts';
import { interleave } from './interleave.ts';
import { figure, type Row } from './report.ts';
import type { RunningService } from './service.ts';
import { median, sum } from './statistics.ts';
import type { WorkItem, WorkloadName } from './workloads.ts';

const TURN_SECONDS = 2;

interface Load {
  workload: WorkloadName;
  textsPerRequest: number;
  clients: number;
}

/** A model slower than this serves only the first load: the others would take hours and say nothing new. */
const SLOW_TOKENS_PER_SECOND = 5_000;
const LOADS: Load[] = [
  { workload: 'p', textsPerRequest: 1, clients: 32 },
  { workload: 'p', textsPerRequest: 16, clients: 32 },
  { workload: 'q', textsPerRequest: 1, clients: 32 },
  { workload: 'q', textsPerRequest: 1, clients: 64 },
  { workload: 'q', textsPerRequest: 256, clients: 8 },
];

/** What is left of the engine's speed when texts come over HTTP, on the same cores as engine and load generator. */
export async function* measureService(bench: EngineBench, service: RunningService): AsyncGenerator<Row> {
  const speed = await speedAlone(bench, service);
  for (const load of speed < SLOW_TOKENS_PER_SECOND ? LOADS.slice(0, 1) : LOADS) {
    yield await measureLoad(bench, service, load, speed);
  }
}

async function speedAlone({ model, weights, workloads }: EngineBench, service: RunningService): Promise<number> {
  const items = await workloads.take('p', 32, 99);
  const ids = items.map((item) => item.ids);
  const batches = fullBatches(ids, service.batchTokens, weights);
  return sum(ids.map(({ length }) => length)) / (await timeAlone(model, batches));
}

async function measureLoad(bench: EngineBench, service: RunningService, load: Load, speed: number): Promise<Row> {
  const { model, manifest, weights, workloads, options } = bench;
  const { workload, textsPerRequest, clients } = load;
  const meanTokens = workload === 'p' ? 190 : 26;
  const wanted = (TURN_SECONDS * speed) / meanTokens / textsPerRequest;
  const requests = Math.max(clients * (options.quick ? 1 : 2), Math.round(wanted));
  const turnSeconds = (requests * textsPerRequest * meanTokens) / speed;
  const rounds = Math.max(1, Math.min(options.rounds, Math.floor(options.cellSeconds / (4 * turnSeconds))));

  const client = new HttpClient(service.url, clients);
  const turns: WorkItem[][] = [];
  for (let turn = 0; turn < 2 * rounds; turn++) {
    turns.push(await workloads.take(workload, requests * textsPerRequest, 200 + turn));
  }
  const bodies = turns.map((items) => toBodies(items, textsPerRequest));
  const batches = turns.map((items) =>
    fullBatches(
      items.map(({ ids }) => ids),
      service.batchTokens,
      weights,
    ),
  );
  const results = await interleave(
    rounds,
    (turn) => timeAlone(model, batches[turn] ?? []),
    (turn) => client.closedLoop('/v1/embeddings', bodies[turn] ?? [], clients),
  );
  client.close();
  const tokens = (round: number) =>
    sum([...(turns[2 * round] ?? []), ...(turns[2 * round + 1] ?? [])].map(({ ids }) => ids.length));
  const served = median(results.map(({ b }, round) => tokens(round) / sum(b)));
  const requestRate = median(results.map(({ b }) => (2 * requests) / sum(b)));
  const ratio = median(results.map(({ a, b }) => sum(a) / sum(b)));
  const rates = [`${figure(requestRate)} requests/s`, `${figure(served)} tokens/s`];
  if (textsPerRequest > 1) rates.splice(1, 0, `${figure(requestRate * textsPerRequest)} texts/s`);
  return {
    model: manifest.name,
    measure: `service, ${workload} × ${textsPerRequest} a request, base64, ${clients} clients`,
    result: rates.join(', '),
    against: `${figure(ratio)}× engine alone; ${rounds} rounds`,
  };
}

function toBodies(items: readonly WorkItem[], textsPerRequest: number): string[] {
  const bodies: string[] = [];
  for (let i = 0; i < items.length; i += textsPerRequest) {
    const input = items.slice(i, i + textsPerRequest).map((item) => item.input);
    bodies.push(JSON.stringify({ input, encoding_format: 'base64' }));
  }
  return bodies;
}
