import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import type { ModelManifest } from '../../model-files/manifest.ts';
import { type EngineSettings, PROTOCOL_VERSION, type ToEngine } from '../protocol.ts';
import { forkEngine } from './fork-engine.ts';

/** Of the first process of an engine. */
const EPOCH = 1;

/** What an engine process loads. */
export interface EngineLoad {
  manifest: ModelManifest;
  settings: EngineSettings;
}

/** A process that was started before its engine. */
export interface TakenEngine {
  child: ChildProcess;
  /** What it has answered so far; null: it was not told to load anything. */
  answers: unknown[] | null;
}

/**
 * An engine process that is started before it is known what it is to load: loading its own code takes a fifth of a second,
 * in which the model is described. Where it is known but not yet proved, it may begin to load that.
 */
export class SpareEngine {
  private child: ChildProcess | undefined;
  private load: EngineLoad | undefined;
  private readonly answers: unknown[] = [];
  private readonly keep = (message: unknown) => void this.answers.push(message);

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

  /** Begins to load what an engine will probably want. */
  beginLoading(load: EngineLoad): void {
    if (this.processId === undefined || this.load !== undefined) return;
    this.load = load;
    this.child?.on('message', this.keep);
    const message = { kind: 'load', ...load, parentProcessId: process.pid, calibration: null } as const;
    // That it cannot be told is seen when it is wanted: it has ended.
    this.child?.send({ ...message, version: PROTOCOL_VERSION, epoch: EPOCH } satisfies ToEngine, () => {});
  }

  /**
   * The process that waits, once.
   * @param wanted undefined is returned where it loads something else; then it is ended.
   */
  take(wanted: EngineLoad): TakenEngine | undefined {
    if (this.load !== undefined && !isDeepStrictEqual(this.load, wanted)) this.close();
    const child = this.processId === undefined ? undefined : this.child;
    this.child = undefined;
    child?.off('message', this.keep);
    return child && { child, answers: this.load === undefined ? null : this.answers };
  }

  /** Ends the process, if nobody has taken it. */
  close(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }
}
