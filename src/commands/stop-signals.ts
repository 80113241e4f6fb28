import process from 'node:process';

// Windows has SIGHUP for a console that is closed, and ends the process soon after.
const STOP_SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? ['SIGTERM', 'SIGINT', 'SIGHUP'] : ['SIGTERM', 'SIGINT'];

/**
 * The signals that ask the process to stop, caught from its first moment on: most of a start is loading code, and Node
 * ends a process that does not listen with the signal, which an orchestrator takes for a failure.
 */
export class StopSignals {
  private count = 0;
  private onStop: (signal: NodeJS.Signals) => void;

  /** @param exitCode of a process that has begun nothing yet, and is stopped. */
  constructor(exitCode: number) {
    this.onStop = () => process.exit(exitCode);
    for (const signal of STOP_SIGNALS) {
      process.on(signal, () => {
        this.count += 1;
        // A second signal means now. The engine process ends by itself when this one is gone.
        if (this.count > 1) process.exit(1);
        this.onStop(signal);
      });
    }
  }

  /** From now on the caller decides what a first signal does. */
  take(onStop: (signal: NodeJS.Signals) => void): void {
    this.onStop = onStop;
  }
}
