import { type ChildProcess, fork } from 'node:child_process';
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
  /** A closed loop of so many clients, or an open loop of so many requests a second, one for each body if not said. */
  manner: { clients: number } | { rate: number; seed: number; requests?: number };
}

type Reply = { result: LoadResult } | { error: string };

/** Sends load from a process of its own, so that neither the benchmark's memory nor its own work is in the figures. */
export class LoadGenerator {
  private readonly child: ChildProcess;
  private answer: (reply: Reply) => void = () => {};

  constructor() {
    this.child = fork(new URL('./load-process.js', import.meta.url), { serialization: 'advanced' });
    this.child.on('message', (reply: Reply) => this.answer(reply));
    this.child.once('exit', (code) => this.answer({ error: `the load generator ended with exit code ${code}` }));
  }

  /** See load.ts. One at a time. A request that fails is counted, not thrown. */
  async send(order: LoadOrder): Promise<LoadResult> {
    const reply = await new Promise<Reply>((resolve) => {
      this.answer = resolve;
      this.child.send(order, (error) => {
        if (error !== null) resolve({ error: `the load generator cannot be told what to send: ${error.message}` });
      });
    });
    if ('error' in reply) throw new Error(reply.error);
    return reply.result;
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
