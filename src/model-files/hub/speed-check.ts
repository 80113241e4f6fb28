import type { Clock } from '../../clock.ts';
import { RetryableError } from './hub.ts';

/** So few bytes in so long a time are not a download: a modem brings ten times as many. */
const WINDOW_MS = 60_000;
const LEAST_BYTES = 64 * 1024;

/** Notices a server that sends just enough not to be silent. */
export class SpeedCheck {
  private readonly file: string;
  private readonly clock: Pick<Clock, 'now'>;
  private start: number;
  private bytes = 0;

  constructor(file: string, clock: Pick<Clock, 'now'>) {
    this.file = file;
    this.clock = clock;
    this.start = clock.now();
  }

  /**
   * To be called for each piece that came.
   * @throws {RetryableError} for a minute with less than 64 KiB.
   */
  add(bytes: number): void {
    this.bytes += bytes;
    if (this.clock.now() - this.start < WINDOW_MS) return;
    if (this.bytes < LEAST_BYTES) {
      const reason = `only ${this.bytes} bytes arrived in a minute`;
      throw new RetryableError(
        reason,
        `${this.file}: ${reason}, repeatedly. Try another network or mirror (HF_ENDPOINT, MODEL_SOURCE); the same command resumes the download.`,
      );
    }
    this.start = this.clock.now();
    this.bytes = 0;
  }
}
