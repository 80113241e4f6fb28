import { HotvecError } from '../errors.ts';

const LEAST_RETRY_MS = 1_000;
const MOST_RETRY_MS = 30_000;
/** Over how long the pace of release is measured. */
const WINDOW_MS = 10_000;

/**
 * Bounds the bytes of request bodies and answers that the server holds. A body counts as it arrives, not as it is
 * announced: what has not been sent takes no memory, and a client that only announces takes no room from others.
 */
export class InflightBytes {
  readonly limit: number;
  private readonly onChange: (held: number) => void;
  private total = 0;
  private windowStart = performance.now();
  private releasedInWindow = 0;
  /** Bytes a millisecond, of the window before. */
  private lastPace = 0;

  /** @param onChange told what is held after each change. */
  constructor(limit: number, onChange: (held: number) => void = () => {}) {
    this.limit = limit;
    this.onChange = onChange;
  }

  get held(): number {
    return this.total;
  }

  get isFull(): boolean {
    return this.total >= this.limit;
  }

  /** What one request holds. */
  open(): HeldBytes {
    return new HeldBytes(this);
  }

  /** @throws {HotvecError} overloaded, when there is no room for so many more bytes. */
  check(bytes: number): void {
    const excess = this.total + bytes - this.limit;
    if (excess <= 0) return;
    throw new HotvecError(
      'overloaded',
      `Requests and answers of ${this.total} bytes are being received, served or sent, the limit is ${this.limit}.`,
      { retryAfterMs: this.retryAfter(excess) },
    );
  }

  change(bytes: number): void {
    this.total += bytes;
    if (bytes < 0) {
      this.turnWindow();
      this.releasedInWindow -= bytes;
    }
    this.onChange(this.total);
  }

  /** The time in which so many bytes were released lately; where none were, as long as that has lasted. */
  private retryAfter(bytes: number): number {
    const age = this.turnWindow();
    const pace = Math.max(this.lastPace, this.releasedInWindow / Math.max(age, LEAST_RETRY_MS));
    return Math.round(Math.min(MOST_RETRY_MS, Math.max(LEAST_RETRY_MS, pace > 0 ? bytes / pace : age)));
  }

  private turnWindow(): number {
    const age = performance.now() - this.windowStart;
    if (age < WINDOW_MS || (this.releasedInWindow === 0 && this.lastPace === 0)) return age;
    this.lastPace = this.releasedInWindow / age;
    this.releasedInWindow = 0;
    this.windowStart += age;
    return 0;
  }
}

/** The bytes that one request holds, from the first of its body until its answer is out. */
export class HeldBytes {
  private readonly inflight: InflightBytes;
  private bytes = 0;
  private isReleased = false;

  constructor(inflight: InflightBytes) {
    this.inflight = inflight;
  }

  /** Bytes of the body came. @throws {HotvecError} overloaded, when there is no room for them. */
  receive(bytes: number): void {
    this.inflight.check(bytes);
    this.add(bytes);
  }

  /** Bytes of the answer were made: it is too late to refuse them, what comes next is refused instead. */
  add(bytes: number): void {
    // The client left meanwhile, and nobody would release them.
    if (this.isReleased) return;
    this.bytes += bytes;
    this.inflight.change(bytes);
  }

  release(): void {
    this.isReleased = true;
    if (this.bytes > 0) this.inflight.change(-this.bytes);
    this.bytes = 0;
  }
}
