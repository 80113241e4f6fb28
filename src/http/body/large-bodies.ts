import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { HotvecError } from '../../errors.ts';
import type { BodyOutcome, BodyTask } from './body-worker.ts';
import type { BodyRules } from './read-body.ts';

/**
 * Bytes above which a body is read in a worker thread. Below, reading takes the event loop 4 ms at most (numbers are
 * slowest, 15 ms a MiB); a worker costs a fraction of a millisecond, and time on another core.
 */
export const LARGE_BODY_BYTES = 2 ** 18;
/** A worker that has nothing to do is ended, so that its memory comes back. */
const IDLE_MS = 10_000;

export interface LargeBodiesOptions {
  rules: BodyRules;
  /** The compiled `body-worker.js`; tests put one here that dies. */
  entry?: URL | undefined;
}

/**
 * Reads large bodies off the event loop, one after the other in a single worker thread: a second one would take cores
 * from the engine. A worker that dies fails the body it was reading; the next body gets a new one.
 */
export class LargeBodies {
  private readonly options: LargeBodiesOptions;
  private pool: Piscina<BodyTask, BodyOutcome> | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private bodiesInside = 0;

  constructor(options: LargeBodiesOptions) {
    this.options = options;
  }

  /**
   * @param body is given away: its memory moves to the worker.
   * @returns what `BodyReader.read` does.
   * @throws {HotvecError} what it throws; client_closed_request after an abort; internal_error when the worker died over it.
   */
  async read(
    body: Buffer,
    schema: string | undefined,
    signal: AbortSignal,
    onForm: (form: string) => void = () => {},
  ): Promise<unknown> {
    const outcome = await this.run(body, schema, signal);
    if (outcome.form !== undefined) onForm(outcome.form);
    if (outcome.isValid) return outcome.value;
    const { code, message, param } = outcome;
    throw new HotvecError(code, message, param === null ? {} : { param });
  }

  private async run(body: Buffer, schema: string | undefined, signal: AbortSignal): Promise<BodyOutcome> {
    const bytes = isWhole(body) ? new Uint8Array(body.buffer) : Uint8Array.from(body);
    this.bodiesInside += 1;
    clearTimeout(this.idleTimer);
    try {
      this.pool ??= this.openPool();
      return await this.pool.run({ bytes, schema }, { transferList: [bytes.buffer as ArrayBuffer], signal });
    } catch (error) {
      if (signal.aborted)
        throw new HotvecError('client_closed_request', 'The client disconnected before the response was ready.');
      const message = 'The request body could not be read: the thread that reads it ended. Try again.';
      throw new HotvecError('internal_error', message, { cause: error });
    } finally {
      this.bodiesInside -= 1;
      if (this.bodiesInside === 0) this.idleTimer = setTimeout(() => this.close(), IDLE_MS).unref();
    }
  }

  /** Not by Piscina's own `minThreads: 0`: with it a body that waits is forgotten when the worker dies over another. */
  private openPool(): Piscina<BodyTask, BodyOutcome> {
    const pool = new Piscina<BodyTask, BodyOutcome>({
      filename: fileURLToPath(this.options.entry ?? new URL('./body-worker.js', import.meta.url)),
      name: 'readBody',
      minThreads: 1,
      maxThreads: 1,
      workerData: this.options.rules,
    });
    // A worker ended while it had nothing to read, for instance because it cannot even start: those waiting get an
    // error.
    pool.on('error', () => void this.close());
    return pool;
  }

  async close(): Promise<void> {
    clearTimeout(this.idleTimer);
    const { pool } = this;
    this.pool = undefined;
    await pool?.destroy();
  }
}

/** Whether the buffer is the only one on its memory; Node takes small ones out of a shared pool. */
function isWhole({ buffer, byteLength }: Buffer): boolean {
  return buffer.byteLength === byteLength;
}
