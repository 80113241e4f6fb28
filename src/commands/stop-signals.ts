import process from 'node:process';

// Windows has SIGHUP for a console that is closed, and ends the process soon after.
const STOP_SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGTERM', 'SIGINT', 'SIGHUP'] : ['SIGTERM', 'SIGINT'];

/** `timeout` signals its child and then the group, and systemd all processes: one wish to stop, not an impatient second one. */
const COPIES_MS = 500;

/**
 * The signals that ask the process to stop, caught from its first moment on: most of a start is loading code, and Node
 * ends a process that does not listen with the signal, which an orchestrator takes for a failure.
 */
export class StopSignals {
  private firstAt: number | undefined;
  private onStop: (signal: NodeJS.Signals) => void;

  /** @param exitCode of a process that has begun nothing yet, and is stopped. */
  constructor(exitCode: (signal: NodeJS.Signals) => number) {
    this.onStop = (signal) => process.exit(exitCode(signal));
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        if (this.firstAt === undefined) {
          this.firstAt = performance.now();
          this.onStop(signal);
        } else if (performance.now() - this.firstAt >= COPIES_MS) {
          // A second signal means now. The engine process ends by itself when this one is gone.
          process.exit(1);
        }
      });
    }
  }

  /** From now on the caller decides what a first signal does. */
  take(onStop: (signal: NodeJS.Signals) => void): void {
    this.onStop = onStop;
  }
}
