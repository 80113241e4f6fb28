import { HotvecError } from '../../errors.ts';
import { ReleasePace } from './release-pace.ts';

/** Whose bytes they are: an API key's, or, where none is asked for, those of an address. */
export interface Owner {
  name: string;
  isKey: boolean;
}

/** What one owner holds. */
interface Holding {
  bytes: number;
  /** Requests that hold some. */
  requests: number;
  readonly pace: ReleasePace;
}

const NOBODY: Owner = { name: '', isKey: false };

/**
 * Bounds the bytes of request bodies and answers that the server holds, of all clients and of each. A body counts as it
 * arrives, not as it is announced: what has not been sent takes no memory, and a client that only announces takes no room
 * from others. An answer counts from before it is computed, as what it can be at most.
 */
export class InflightBytes {
  readonly limit: number;
  /** What one owner may hold, with more than one request. */
  readonly share: number;
  private readonly onChange: (held: number) => void;
  private total = 0;
  private requests = 0;
  private readonly pace = new ReleasePace();
  private readonly holdings = new Map<string, Holding>();

  /**
   * @param onChange told what is held after each change.
   * @param part of the limit that one owner may hold, in (0, 1].
   */
  constructor(limit: number, onChange: (held: number) => void = () => {}, part = 1) {
    this.limit = limit;
    this.share = Math.floor(limit * part);
    this.onChange = onChange;
  }

  get held(): number {
    return this.total;
  }

  get isFull(): boolean {
    return this.total >= this.limit;
  }

  /**
   * What one request holds.
   * @param owner asked when it first holds something.
   */
  open(owner: () => Owner = () => NOBODY): HeldBytes {
    return new HeldBytes(this, owner);
  }

  isShareFull({ name }: Owner): boolean {
    return (this.holdings.get(name)?.bytes ?? 0) >= this.share;
  }

  /**
   * @param own bytes that the request holds already: a request may have more than a share where its owner has no other.
   * @throws {HotvecError} overloaded or key_share_exceeded, when there is no room for so many more bytes.
   */
  check(bytes: number, owner: Owner, own: number): void {
    const excess = this.total + bytes - this.limit;
    if (excess > 0) {
      // Room comes request by request: at the earliest when one of the usual size is done.
      const retryAfterMs = this.pace.timeFor(Math.max(excess, this.total / Math.max(1, this.requests)));
      throw new HotvecError(
        'overloaded',
        `Requests and responses of ${this.total} bytes are being received, served or sent; the limit is ${this.limit}.`,
        { retryAfterMs },
      );
    }
    const holding = this.holdings.get(owner.name);
    if (holding === undefined || holding.bytes === own || holding.bytes + bytes <= this.share) return;
    const usual = holding.bytes / holding.requests;
    const retryAfterMs = holding.pace.timeFor(Math.max(holding.bytes + bytes - this.share, usual));
    throw new HotvecError(
      owner.isKey ? 'key_share_exceeded' : 'overloaded',
      `Requests and responses of ${holding.bytes} bytes of ${owner.isKey ? 'this API key' : 'your address'} are being received, served or sent; the limit for one is ${this.share}.`,
      { retryAfterMs },
    );
  }

  /**
   * @param requests by how much the number of those that hold bytes changes.
   * @param wasRefused bytes of a refused request are let go soon after they came: that makes no room for anybody.
   */
  change(bytes: number, owner: Owner, requests: number, wasRefused = false): void {
    let holding = this.holdings.get(owner.name);
    if (holding === undefined) {
      holding = { bytes: 0, requests: 0, pace: new ReleasePace() };
      this.holdings.set(owner.name, holding);
    }
    this.total += bytes;
    this.requests += requests;
    holding.bytes += bytes;
    holding.requests += requests;
    if (bytes < 0 && !wasRefused) {
      this.pace.released(-bytes);
      holding.pace.released(-bytes);
    }
    if (holding.requests === 0) this.holdings.delete(owner.name);
    this.onChange(this.total);
  }
}

/** The bytes that one request holds, from the first of its body until its answer is out. */
export class HeldBytes {
  private readonly inflight: InflightBytes;
  private readonly askOwner: () => Owner;
  private fixedOwner: Owner | undefined;
  private bytes = 0;
  /** How many of them are room for the answer. */
  private answerBytes = 0;
  private isReleased = false;
  private wasRefused = false;

  constructor(inflight: InflightBytes, owner: () => Owner) {
    this.inflight = inflight;
    this.askOwner = owner;
  }

  get owner(): Owner {
    return this.fixedOwner ?? this.askOwner();
  }

  /** @throws {HotvecError} overloaded or key_share_exceeded, when there is no room for so many more bytes now. */
  check(bytes: number): void {
    this.wasRefused = true;
    this.inflight.check(bytes, this.owner, this.bytes);
    this.wasRefused = false;
  }

  /** Bytes of the body came. @throws {HotvecError} as `check`. */
  receive(bytes: number): void {
    this.check(bytes);
    this.add(bytes);
  }

  /**
   * Takes room for the answer, before it is made. One that fits, but not together with its own body, gets room once no
   * one else holds anything.
   * @param bytes what it can be at most.
   * @throws {HotvecError} as `check`; too_many_inputs, when there can never be so much room.
   */
  reserve(bytes: number): void {
    const added = bytes - this.answerBytes;
    const { limit, held } = this.inflight;
    if (bytes > limit) {
      throw new HotvecError(
        'too_many_inputs',
        `The response could take ${bytes} bytes; the server can hold ${limit} at a time. Send fewer inputs, or request fewer dimensions or base64.`,
      );
    }
    const isAlone = held === this.bytes && held + added > limit;
    if (added > 0 && !isAlone) this.check(added);
    this.add(added);
    this.answerBytes = bytes;
  }

  /** The answer was made, of so many bytes. It takes the place of what was reserved for it, and is never refused. */
  answer(bytes: number): void {
    this.add(bytes - this.answerBytes);
    this.answerBytes = bytes;
  }

  release(): void {
    this.add(-this.bytes);
    this.isReleased = true;
  }

  private add(bytes: number): void {
    // After release the client has left, and nothing else would release them.
    if (this.isReleased || bytes === 0) return;
    const before = this.bytes;
    this.fixedOwner ??= this.askOwner();
    this.bytes += bytes;
    this.inflight.change(bytes, this.owner, Number(this.bytes > 0) - Number(before > 0), this.wasRefused);
  }
}
