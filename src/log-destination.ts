import { writeSync } from 'node:fs';

/** Bytes of lines kept while nobody takes them. */
const MAX_WAITING_BYTES = 1 << 20;
const RETRY_MS = 20;

/**
 * Writes log lines to a file descriptor, and never holds up or ends the server: a pipe that is full is tried again,
 * up to a bound, and a line that cannot be written (a full disk, a reader that is gone) is dropped and counted.
 *
 * pino's own destination retries a full disk for ever, in a loop that blocks the process.
 */
export class LogDestination {
  /** Lines lost so far. */
  dropped = 0;
  private readonly fileDescriptor: number;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isScheduled = false;

  constructor(fileDescriptor: number) {
    this.fileDescriptor = fileDescriptor;
  }

  write(line: string): void {
    if (this.waitingBytes > MAX_WAITING_BYTES) {
      this.dropped += 1;
      return;
    }
    const bytes = Buffer.from(line);
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    if (!this.isScheduled) this.flush();
  }

  /** Writes what waits, as far as it is taken now. */
  flush(): void {
    this.isScheduled = false;
    for (let bytes = this.waiting[0]; bytes !== undefined; bytes = this.waiting[0]) {
      try {
        const written = writeSync(this.fileDescriptor, bytes);
        this.waitingBytes -= written;
        if (written === bytes.length) this.waiting.shift();
        else this.waiting[0] = bytes.subarray(written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
          this.isScheduled = true;
          setTimeout(() => this.flush(), RETRY_MS).unref();
          return;
        }
        this.dropped += 1;
        this.waitingBytes -= bytes.length;
        this.waiting.shift();
      }
    }
  }
}
