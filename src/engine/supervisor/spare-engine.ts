import type { ChildProcess } from 'node:child_process';
import { forkEngine } from './fork-engine.ts';

/**
 * An engine process that is started before it is known what it is to load: loading its own code takes a fifth of a second,
 * in which the model is described.
 */
export class SpareEngine {
  private child: ChildProcess | undefined;

  constructor(entry: URL) {
    this.child = forkEngine(entry);
    // Who would have taken it starts another, and is told why that is not possible.
    this.child.once('error', () => {});
  }

  /** Of the process that waits; undefined where there is none, or it has ended. */
  get processId(): number | undefined {
    const { child } = this;
    const isAlive = child?.connected === true && child.exitCode === null && child.signalCode === null;
    return isAlive ? child.pid : undefined;
  }

  /** The process that waits, once. */
  take(): ChildProcess | undefined {
    const child = this.processId === undefined ? undefined : this.child;
    this.child = undefined;
    return child;
  }

  /** Ends it, if nobody has taken it. */
  close(): void {
    this.take()?.kill('SIGKILL');
  }
}
