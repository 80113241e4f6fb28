import { setTimeout as sleep } from 'node:timers/promises';
import { randomUint32 } from '../scripts/random-weights.ts';
import type { HttpClient } from './http-client.ts';

/** What became of a series of requests. */
export interface LoadResult {
  /** From the first request to the last answer. */
  seconds: number;
  /** From the first request to the last one that was sent. */
  sendingSeconds: number;
  /** Milliseconds of each request that was answered with 200. */
  latencies: Float64Array;
  /** Requests that were not, by status or error code. */
  failures: Record<string, number>;
  /** Milliseconds of each request that was answered with 429. */
  refusals: Float64Array;
  /** How many of those did not say when to come back. */
  refusedWithoutRetryAfter: number;
}

/** Posts every body once, `clients` at a time, each client its next when its last is answered. */
export async function closedLoop(
  client: HttpClient,
  path: string,
  bodies: readonly string[],
  clients: number,
): Promise<LoadResult> {
  const record = new Recorder(client, path);
  let next = 0;
  const start = performance.now();
  const runClient = async () => {
    while (next < bodies.length) await record.post(bodies[next++] as string, performance.now());
  };
  await Promise.all(Array.from({ length: clients }, runClient));
  return record.result(start);
}

/**
 * Posts so many of the bodies, from the start again after the last, at moments drawn from a Poisson process of `rate` requests a second, whether or not earlier
 * ones are answered. A latency counts from the moment drawn: what a request waits because the sender is late belongs to
 * it ("coordinated omission" leaves that out, and flatters).
 */
export async function openLoop(
  client: HttpClient,
  path: string,
  bodies: readonly string[],
  rate: number,
  seed: number,
  requests = bodies.length,
): Promise<LoadResult> {
  const record = new Recorder(client, path);
  const random = randomUint32(seed);
  const start = performance.now();
  const posted: Promise<void>[] = [];
  let intended = start;
  for (let i = 0; i < requests; i++) {
    intended -= (1000 * Math.log(1 - random() / 2 ** 32)) / rate;
    const wait = intended - performance.now();
    if (wait > 0) await sleep(wait);
    posted.push(record.post(bodies[i % bodies.length] as string, intended));
  }
  await Promise.all(posted);
  return record.result(start);
}

class Recorder {
  private readonly latencies: number[] = [];
  private readonly refusals: number[] = [];
  private refusedWithoutRetryAfter = 0;
  private readonly failures: Record<string, number> = {};
  private lastSentAt = 0;
  private readonly client: HttpClient;
  private readonly path: string;

  constructor(client: HttpClient, path: string) {
    this.client = client;
    this.path = path;
  }

  async post(body: string, since: number): Promise<void> {
    this.lastSentAt = performance.now();
    const outcome = await this.client.attempt(this.path, body).then(
      ({ status, headers }) => {
        if (status === 429 && headers['retry-after'] === undefined) this.refusedWithoutRetryAfter += 1;
        return status;
      },
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    const latency = performance.now() - since;
    if (outcome === 200) this.latencies.push(latency);
    else this.failures[outcome] = (this.failures[outcome] ?? 0) + 1;
    if (outcome === 429) this.refusals.push(latency);
  }

  result(start: number): LoadResult {
    return {
      seconds: (performance.now() - start) / 1000,
      sendingSeconds: (this.lastSentAt - start) / 1000,
      latencies: Float64Array.from(this.latencies),
      failures: this.failures,
      refusals: Float64Array.from(this.refusals),
      refusedWithoutRetryAfter: this.refusedWithoutRetryAfter,
    };
  }
}
