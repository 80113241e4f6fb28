import type { Clock } from '../../clock.ts';
import type { ToEngine, Unaddressed } from '../protocol.ts';
import type { LossReason } from './engine-events.ts';

/** Milliseconds without work after which the process is asked whether it is there, and then again and again. */
const INTERVAL_MS = 5_000;
/** Questions it may leave unanswered. Two: had this process itself been stopped, one would be overdue before it is heard. */
const MOST_UNANSWERED = 2;
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

/**
 * Finds out how a process is while no batch tells: when it is idle, when it loads, and when batches fail. While it computes
 * it cannot answer; then batches are timed instead.
 */
export class ProcessHealth {
  private readonly options: ProcessHealthOptions;
  private unanswered = 0;
  private failedInARow = 0;
  private cancelQuestion: () => void = () => {};
  private cancelLimit: () => void = () => {};

  constructor(options: ProcessHealthOptions) {
    this.options = options;
  }

  /** A new process loads; the one before took `loadMilliseconds`. */
  loading(loadMilliseconds: number): void {
    this.limit(Math.max(SHORTEST_LOAD_LIMIT_MS, LOAD_SLACK * loadMilliseconds), 'Loading');
  }

  /** It is proved to be right, and has nothing to do yet. */
  proved(): void {
    this.cancelLimit();
    this.failedInARow = 0;
    this.idle();
  }

  busy(): void {
    this.cancelQuestion();
  }

  /** From now on the process has nothing to do. */
  idle(): void {
    this.cancelQuestion();
    this.unanswered = 0;
    this.askLater();
  }

  /** The process answered. */
  heard(): void {
    this.unanswered = 0;
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
    this.cancelQuestion();
    this.limit(CANARY_LIMIT_MS, 'The canary');
    this.options.send({ kind: 'canary' });
  }

  /** The process is gone. */
  end(): void {
    this.cancelLimit();
    this.cancelQuestion();
  }

  private askLater(): void {
    const { clock, send, kill } = this.options;
    this.cancelQuestion = clock.after(INTERVAL_MS, () => {
      if (this.unanswered === MOST_UNANSWERED) {
        kill('hung', `The idle engine process did not answer for ${(MOST_UNANSWERED * INTERVAL_MS) / 1000} s.`);
        return;
      }
      this.unanswered += 1;
      send({ kind: 'ping' });
      this.askLater();
    });
  }

  private limit(milliseconds: number, what: string): void {
    const detail = `${what} took longer than ${Math.round(milliseconds / 1000)} s.`;
    this.cancelLimit = this.options.clock.after(milliseconds, () => this.options.kill('hung', detail));
  }
}
