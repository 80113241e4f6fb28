import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { LoadResult } from './load.ts';

/** Where to post. */
export interface LoadTarget {
  url: string;
  path: string;
  headers?: Record<string, string>;
}

/** What the load process is told. */
export interface LoadOrder {
  target: LoadTarget;
  bodies: readonly string[];
  /** A closed loop of so many clients, or an open loop of so many requests a second. */
  manner: { clients: number } | { rate: number; seed: number };
}

/** Sends load from a process of its own, so that neither the benchmark's memory nor its own work is in the figures. */
export class LoadGenerator {
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(new URL('./load-process.js', import.meta.url), { serialization: 'advanced' });
  }

  /** See load.ts. One at a time. A request that fails is counted, not thrown. */
  async send(order: LoadOrder): Promise<LoadResult> {
    this.child.send(order);
    const [answer] = (await Promise.race([
      once(this.child, 'message'),
      once(this.child, 'exit').then(([code]) => [{ error: `the load generator ended with exit code ${code}` }]),
    ])) as [{ result: LoadResult } | { error: string }];
    if ('error' in answer) throw new Error(answer.error);
    return answer.result;
  }

  /** @throws unless every request was answered with 200: an error is quickly answered, and would count as speed. */
  async sendWithoutFailure(order: LoadOrder): Promise<LoadResult> {
    const result = await this.send(order);
    const [failure] = Object.entries(result.failures);
    if (failure !== undefined) throw new Error(`${order.target.url}: ${failure[1]} requests ended with ${failure[0]}.`);
    return result;
  }

  stop(): void {
    this.child.disconnect();
  }
}
