import type { LoadOrder } from './load-generator.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, milliseconds, type Row } from './report.ts';
import { requestBodies } from './request-bodies.ts';
import { percentile, sum } from './statistics.ts';
import type { WorkloadName } from './workloads.ts';

const PARTS_OF_CAPACITY = [0.25, 0.5, 0.8, 1.1];
const CLIENTS = 32;
const SECONDS = 6;
/** A large model serves few queries a second: percentiles need some. */
const LARGE_SECONDS = 15;

/**
 * What a client waits that sends when it likes: requests come as a Poisson process, at parts of the capacity that a closed
 * loop has just measured, and each latency counts from the moment the request was meant to be sent.
 */
export async function* measureOpenLoop(bench: EngineBench): AsyncGenerator<Row> {
  const workloads: WorkloadName[] = bench.isLarge || bench.options.quick ? ['q'] : ['q', 'p'];
  for (const workload of workloads) yield* measureWorkload(bench, workload);
}

async function* measureWorkload(bench: EngineBench, workload: WorkloadName): AsyncGenerator<Row> {
  const { manifest, workloads, load, options, isLarge } = bench;
  const { url } = await bench.service();
  const seconds = options.quick ? 0.5 : isLarge ? LARGE_SECONDS : SECONDS;
  const bodies = async (count: number, seed: number) =>
    requestBodies(await workloads.take(workload, count, seed), 1, 'base64');
  const target: LoadOrder['target'] = { url, path: '/v1/embeddings' };
  const closedLoop = async (count: number, seed: number) => {
    const order = { target, bodies: await bodies(count, seed), manner: { clients: CLIENTS } };
    return count / (await load.sendWithoutFailure(order)).seconds;
  };
  const estimate = await closedLoop(2 * CLIENTS, 500);
  const capacity = options.quick ? estimate : await closedLoop(Math.max(2 * CLIENTS, Math.round(3 * estimate)), 501);
  for (const [i, part] of PARTS_OF_CAPACITY.entries()) {
    const rate = part * capacity;
    const order = await bodies(Math.max(4, Math.round(rate * seconds)), 510 + i);
    const { latencies, failures } = await load.send({ target, bodies: order, manner: { rate, seed: 520 + i } });
    const refused = sum(Object.values(failures));
    const reasons = Object.entries(failures).map(([reason, count]) => `${count} × ${reason}`);
    yield {
      model: manifest.name,
      measure: `open loop, ${workload} × 1 a request, base64, at ${Math.round(100 * part)} % of capacity`,
      result: `p50 ${milliseconds(percentile([...latencies], 0.5))}, p99 ${milliseconds(percentile([...latencies], 0.99))}`,
      against: `${figure(rate)} of ${figure(capacity)} requests/s for ${figure(order.length / rate)} s; ${refused === 0 ? 'none refused' : `refused: ${reasons.join(', ')}`}`,
    };
  }
}
