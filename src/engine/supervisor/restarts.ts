import type { Clock } from '../../clock.ts';

/** Waits before the first, second, … restart within the window; a crash more, and the engine is given up. */
const BACKOFF_MS = [0, 1_000, 1_000, 2_000, 3_000];
const CRASH_WINDOW_MS = 5 * 60_000;

export interface RestartsOptions {
  clock: Clock;
  /** Names a file that is not as it was verified. */
  changedFile: () => string | undefined;
  restart: () => void;
  /** There will be no other process, for this reason. */
  onChangedFile: (detail: string) => void;
}

/** Starts a lost process again, after a while, or not at all. */
export class Restarts {
  private readonly options: RestartsOptions;
  /** When processes were lost within the window, in monotonic milliseconds. */
  private crashes: number[] = [];
  private cancelRestart: () => void = () => {};

  constructor(options: RestartsOptions) {
    this.options = options;
  }

  /**
   * A process was lost. `isForgiven`: it died of a batch that was expected to do that. A hunt for the input must not use
   * up the restarts, and its first loss was counted.
   *
   * @returns milliseconds until the restart; null: too many were lost, there will be none.
   */
  schedule(isForgiven: boolean): number | null {
    const delay = isForgiven ? 0 : this.countCrash();
    if (delay !== null) this.cancelRestart = this.options.clock.after(delay, () => this.restart());
    return delay;
  }

  cancel(): void {
    this.cancelRestart();
  }

  /** Other weights would give other vectors under the same fingerprint, so no other process is started then. */
  private restart(): void {
    const changed = this.options.changedFile();
    if (changed === undefined) this.options.restart();
    else {
      this.options.onChangedFile(`${changed} is no longer the file that was verified at startup. Restart hotvec.`);
    }
  }

  /** @returns milliseconds to wait before the restart, or null: too many crashes, give up. */
  private countCrash(): number | null {
    const now = this.options.clock.now();
    this.crashes = this.crashes.filter((time) => now - time < CRASH_WINDOW_MS);
    this.crashes.push(now);
    return BACKOFF_MS[this.crashes.length - 1] ?? null;
  }
}
