import type { Clock } from '../../clock.ts';
import type { ToEngine, Unaddressed } from '../protocol.ts';
import type { LossReason } from './engine-events.ts';
import { Heartbeat } from './heartbeat.ts';

/** Batches that may fail in a row before the canary decides whether the process continues. */
const MOST_FAILED_IN_A_ROW = 3;
const CANARY_LIMIT_MS = 60_000;
/** What a new process may take to load: so many times what the one before took, and no less than that. */
const LOAD_SLACK = 10;
const SHORTEST_LOAD_LIMIT_MS = 60_000;

export interface ProcessHealthOptions {
  clock: Clock;
  send: (message: Unaddressed<ToEngine>) => void;
  kill: (reason: LossReason, detail: string) => void;
}

/** Finds out how a process is while no batch tells: when it is idle, when it loads, and when batches fail. */
export class ProcessHealth {
  private readonly options: ProcessHealthOptions;
  private readonly heartbeat: Heartbeat;
  private failedInARow = 0;
  private cancelLimit: () => void = () => {};

  constructor(options: ProcessHealthOptions) {
    this.options = options;
    this.heartbeat = new Heartbeat({
      clock: options.clock,
      ask: () => options.send({ kind: 'ping' }),
      onSilence: (milliseconds) =>
        options.kill('hung', `The idle engine process did not answer for ${milliseconds / 1000} s.`),
    });
  }

  /** A new process loads; the one before took `loadMilliseconds`. */
  loading(loadMilliseconds: number): void {
    this.limit(Math.max(SHORTEST_LOAD_LIMIT_MS, LOAD_SLACK * loadMilliseconds), 'Loading');
  }

  /** It is proved to be right, and has nothing to do yet. */
  proved(): void {
    this.cancelLimit();
    this.failedInARow = 0;
    this.heartbeat.start();
  }

  busy(): void {
    this.heartbeat.stop();
  }

  idle(): void {
    this.heartbeat.start();
  }

  heard(): void {
    this.heartbeat.heard();
  }

  /** A batch was computed. */
  succeeded(): void {
    this.failedInARow = 0;
  }

  /**
   * A batch was not computed, and it is not known to be the input's fault.
   * @returns how many failed one after the other, where that is too many; else null.
   */
  failed(): number | null {
    this.failedInARow += 1;
    return this.failedInARow >= MOST_FAILED_IN_A_ROW ? this.failedInARow : null;
  }

  /** Has the process compute the canary again. */
  runCanary(): void {
    this.heartbeat.stop();
    this.limit(CANARY_LIMIT_MS, 'The canary');
    this.options.send({ kind: 'canary' });
  }

  /** The process is gone. */
  end(): void {
    this.cancelLimit();
    this.heartbeat.stop();
  }

  private limit(milliseconds: number, what: string): void {
    const detail = `${what} took longer than ${Math.round(milliseconds / 1000)} s.`;
    this.cancelLimit = this.options.clock.after(milliseconds, () => this.options.kill('hung', detail));
  }
}
