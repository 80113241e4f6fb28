import { writeSync } from 'node:fs';

/** Bytes of lines kept while they cannot be written. */
const MAX_WAITING_BYTES = 1 << 20;
const RETRY_MS = 20;

/**
 * Writes log lines to a file descriptor, and never holds up or ends the server: a pipe that is full is tried again, up
 * to a bound, and a line that cannot be written (a full disk, a reader that is gone) is dropped and counted. It is
 * dropped whole: what was written of it is completed before any other line.
 *
 * pino's own destination retries a full disk forever, in a loop that blocks the process.
 */
export class LogDestination {
  /** Lines lost so far. */
  dropped = 0;
  private readonly fileDescriptor: number;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private isScheduled = false;
  /** Part of the first line that waits is written: all others come after the rest of it, or never. */
  private isTorn = false;
  private readonly writeBytes: (fileDescriptor: number, bytes: Buffer) => number;

  /** @param writeBytes tests put another here. */
  constructor(fileDescriptor: number, writeBytes: typeof this.writeBytes = writeSync) {
    this.fileDescriptor = fileDescriptor;
    this.writeBytes = writeBytes;
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
        const written = this.writeBytes(this.fileDescriptor, bytes);
        this.waitingBytes -= written;
        this.isTorn = written < bytes.length && (written > 0 || this.isTorn);
        if (written === bytes.length) this.waiting.shift();
        else this.waiting[0] = bytes.subarray(written);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
          this.isScheduled = true;
          setTimeout(() => this.flush(), RETRY_MS).unref();
          return;
        }
        // A disk that was full in the middle of a line may have room again when the next one comes.
        const kept = this.isTorn ? 1 : 0;
        this.dropped += this.waiting.length - kept;
        this.waiting.length = kept;
        this.waitingBytes = kept === 1 ? bytes.length : 0;
        return;
      }
    }
  }
}
