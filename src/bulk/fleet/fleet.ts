import { Agent } from 'undici';
import type { Clock } from '../../clock.ts';
import { messageOf, StartError } from '../../errors.ts';
import type { ComputedItems, Item, Result, RowError } from '../result-source.ts';
import { AskError, type Asked, askServer, refusal } from './ask-server.ts';
import { FLEET_DEFAULTS, FleetPolicy, type FleetRequest, type Sending } from './fleet-policy.ts';
import type { FleetTask } from './fleet-task.ts';
import { ServerWatch, type WatchOptions } from './server-watch.ts';

/** Servers that work may fail on before it is divided, to find out which item does it. */
const MOST_FAILURES = 4;
/** More than a server's own limit, DEADLINE_MS, usually is. */
const ANSWER_MS = 900_000;

export interface FleetOptions extends WatchOptions {
  /** Of servers, without `/v1` and a slash at the end; all different. */
  urls: readonly string[];
  headers: Readonly<Record<string, string>>;
  task: FleetTask;
  clock: Clock;
}

/** Items on their way. */
interface Work extends FleetRequest {
  items: readonly Item[];
  failures: number;
  signal: AbortSignal;
  /** Ends a request for it, by its server. */
  requests: Map<number, AbortController>;
  resolve: (computed: ComputedItems) => void;
  reject: (error: unknown) => void;
}

/**
 * Sends work to servers of one vector space, as its {@link FleetPolicy} says: what a server is lost with goes to others, and one
 * that comes back is used again.
 */
export class Fleet {
  private readonly options: FleetOptions;
  private readonly policy: FleetPolicy<Work>;
  private readonly dispatcher = new Agent({ headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS });
  private readonly work = new Set<Work>();
  private readonly watch: ServerWatch;
  private readonly signals = new WeakSet<AbortSignal>();
  private fingerprint: string | null = null;
  private nextNumber = 0;
  private cancelWake = () => {};

  constructor(options: FleetOptions) {
    this.options = options;
    this.policy = new FleetPolicy({ servers: options.urls.length, ...FLEET_DEFAULTS });
    this.watch = new ServerWatch(options);
  }

  get serversUp(): number {
    return this.watch.serversUp;
  }

  /** From now on servers of other spaces are excluded. */
  expect(fingerprint: string): void {
    this.fingerprint = fingerprint;
  }

  /**
   * One answer of one server to the item of the task that is there to be asked first.
   * @throws {AskError}
   */
  async probe(server: number, signal: AbortSignal): Promise<{ fingerprint: string; model: string; result: Result }> {
    const { task } = this.options;
    const { fingerprint, body } = await this.ask(server, [task.probe], signal);
    const { model, results } = readWith(task, body, 1);
    return { fingerprint, model, result: results[0] as Result };
  }

  /** @throws {StartError} no server answers any more, or one says that none ever will; the signal's reason. */
  compute(items: readonly Item[], signal: AbortSignal): Promise<ComputedItems> {
    this.hear(signal);
    return new Promise((resolve, reject) => {
      const number = this.nextNumber++;
      const cost = items.flat().reduce((sum, text) => sum + Buffer.byteLength(text), 1);
      const work: Work = { number, cost, items, failures: 0, signal, requests: new Map(), resolve, reject };
      this.work.add(work);
      this.policy.add(work);
      this.move();
    });
  }

  async close(): Promise<void> {
    this.cancelWake();
    await this.dispatcher.destroy();
  }

  /** What waits for a server hears of nothing else. One listener for all that a run asks. */
  private hear(signal: AbortSignal): void {
    if (this.signals.has(signal)) return;
    this.signals.add(signal);
    const stop = () => {
      for (const work of this.work) if (work.signal === signal) work.reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  }

  private move(): void {
    const { clock } = this.options;
    this.cancelWake();
    for (const sending of this.policy.assign(clock.now())) void this.send(sending);
    const wakeAt = this.policy.wakeAt(clock.now());
    if (wakeAt !== null) this.cancelWake = clock.after(Math.max(0, wakeAt - clock.now()), () => this.move());
  }

  private async send({ server, request: work }: Sending<Work>): Promise<void> {
    const { task, clock } = this.options;
    const controller = new AbortController();
    work.requests.set(server, controller);
    try {
      const { body } = await this.ask(server, work.items, AbortSignal.any([work.signal, controller.signal]));
      const computed = readWith(task, body, work.items.length);
      this.watch.answered(server);
      if (this.ended(work, server, clock.now())) work.resolve(computed);
    } catch (error) {
      // Else another server has answered it, or nobody waits for it.
      if (!(work.signal.aborted || controller.signal.aborted)) this.fail(work, server, error);
    } finally {
      work.requests.delete(server);
      if (!work.signal.aborted) this.move();
    }
  }

  private async ask(
    server: number,
    items: readonly Item[],
    signal: AbortSignal,
  ): Promise<Asked & { fingerprint: string }> {
    const { task, headers, urls } = this.options;
    const expected = this.fingerprint === null ? {} : { 'x-expect-fingerprint': this.fingerprint };
    const asked = await askServer(`${urls[server]}${task.path}`, {
      dispatcher: this.dispatcher,
      headers: { ...headers, ...expected, 'x-priority': 'bulk' },
      body: task.bodyOf(items),
      signal,
    });
    const { fingerprint } = asked;
    if (fingerprint === null) throw refusal('it is no hotvec: it has no fingerprint');
    if (this.fingerprint !== null && fingerprint !== this.fingerprint) {
      throw new AskError({ kind: 'foreign', message: `its fingerprint is ${fingerprint}, not ${this.fingerprint}` });
    }
    return { ...asked, fingerprint };
  }

  private fail(work: Work, server: number, error: unknown): void {
    const { clock, urls, task } = this.options;
    const now = clock.now();
    if (!(error instanceof AskError)) {
      work.reject(error);
      return;
    }
    const { failure } = error;
    switch (failure.kind) {
      case 'busy':
        this.watch.answered(server);
        this.policy.refused(server, work.number, now, failure.waitMs);
        return;
      case 'lost':
        this.policy.failed(server, work.number, now);
        this.giveUp(this.watch.lost(server, failure.message, now));
        return;
      case 'failed':
        this.watch.answered(server);
        work.failures += 1;
        if (work.failures < MOST_FAILURES) this.policy.failed(server, work.number, now);
        else if (this.ended(work, server, now))
          this.divide(work, { code: 'inference_failed', message: failure.message });
        return;
      case 'too_large':
        if (this.ended(work, server, now)) this.divide(work, { code: 'input_too_long', message: failure.message });
        return;
      case 'foreign':
        this.policy.exclude(server);
        this.giveUp(this.watch.excluded(server, failure.message, now));
        return;
      case 'refused':
        if (!task.faults.includes(failure.code)) work.reject(new StartError(`${urls[server]}: ${failure.message}`));
        else if (this.ended(work, server, now)) {
          const error = { code: failure.code, message: failure.message } as RowError;
          work.resolve({ results: work.items.map(() => error), tokens: 0 });
        }
    }
  }

  /** @param reason null: it goes on. */
  private giveUp(reason: string | null): void {
    if (reason === null) return;
    for (const work of this.work) work.reject(new StartError(reason));
  }

  /** The first answer of a server to it counts, and ends the requests of others. @returns whether it was. */
  private ended(work: Work, server: number, now: number): boolean {
    const others = this.policy.answered(server, work.number, now);
    if (others === null) return false;
    for (const other of others) work.requests.get(other)?.abort();
    this.work.delete(work);
    return true;
  }

  /** Each half by itself; a single item has failed. */
  private divide({ items, signal, resolve, reject }: Work, error: RowError): void {
    if (items.length === 1) {
      resolve({ results: [error], tokens: 0 });
      return;
    }
    const middle = Math.ceil(items.length / 2);
    Promise.all([this.compute(items.slice(0, middle), signal), this.compute(items.slice(middle), signal)]).then(
      ([a, b]) => resolve({ results: [...a.results, ...b.results], tokens: a.tokens + b.tokens }),
      reject,
    );
  }
}

/** @throws {AskError} refused: an answer of another form. */
function readWith(task: FleetTask, body: unknown, items: number): ReturnType<FleetTask['read']> {
  try {
    return task.read(body, items);
  } catch (error) {
    throw refusal(`its answer cannot be read: ${messageOf(error)}`);
  }
}
