import type { Clock } from '../../clock.ts';

/** Milliseconds without work after which the process is asked whether it is there, and then again and again. */
const INTERVAL_MS = 5_000;
/** Questions it may leave unanswered. Two: had this process itself been stopped, one would be overdue before it is heard. */
const MOST_UNANSWERED = 2;

export interface HeartbeatOptions {
  clock: Clock;
  ask: () => void;
  onSilence: (milliseconds: number) => void;
}

/** Notices that an idle process hangs. While it computes it cannot answer; then batches are timed instead. */
export class Heartbeat {
  private readonly options: HeartbeatOptions;
  private unanswered = 0;
  private cancel: () => void = () => {};

  constructor(options: HeartbeatOptions) {
    this.options = options;
  }

  /** From now on the process has nothing to do. */
  start(): void {
    this.stop();
    this.unanswered = 0;
    this.schedule();
  }

  stop(): void {
    this.cancel();
  }

  /** The process answered. */
  heard(): void {
    this.unanswered = 0;
  }

  private schedule(): void {
    this.cancel = this.options.clock.after(INTERVAL_MS, () => {
      if (this.unanswered === MOST_UNANSWERED) {
        this.options.onSilence(MOST_UNANSWERED * INTERVAL_MS);
        return;
      }
      this.unanswered += 1;
      this.options.ask();
      this.schedule();
    });
  }
}
