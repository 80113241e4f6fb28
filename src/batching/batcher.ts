import { HotvecError } from '../errors.ts';
import { type AdmissionLimits, type Arrival, checkRoom, largestCount, refusal } from './admission.ts';
import { Dispatcher, type DispatcherOptions } from './dispatcher.ts';
import { FairQueue } from './fair-queue.ts';
import { PendingRequest, type SubmitOptions, type SubmitResult } from './pending-request.ts';
import { PoisonList } from './poison-list.ts';
import { type Priority, TURN_TOKENS } from './priority.ts';
import { abandoned, poisoned, tooLate } from './request-failures.ts';
import { SequencesInFlight } from './sequences-in-flight.ts';

export interface BatcherOptions extends DispatcherOptions, AdmissionLimits {}

/**
 * Groups the sequences of concurrent requests into batches: admit or refuse → wait in turn (fair-queue.ts) → to the
 * engine and back (dispatcher.ts).
 *
 * Equal sequences of different requests are computed once (sequences-in-flight.ts). In the queue, a sequence counts for
 * every request that brought it until a batch takes it; after that it counts for none.
 */
export class Batcher {
  private readonly options: BatcherOptions;
  private readonly queue: FairQueue;
  private readonly inFlight = new SequencesInFlight();
  private readonly poison = new PoisonList();
  private readonly dispatcher: Dispatcher;
  /** Tokens of requests on their way here, by a low estimate. */
  private expected = { tokens: 0, counted: 0 };

  constructor(options: BatcherOptions) {
    this.options = options;
    this.queue = new FairQueue(largestCount(options));
    this.dispatcher = new Dispatcher(options, this.queue, this.inFlight, this.poison);
    options.engine.onStateChange((state) => {
      if (state === 'ready') this.dispatcher.dispatch();
      if (state === 'restarting') this.dispatcher.engineLost();
      if (state === 'failed' || state === 'closed') this.failAll();
    });
  }

  get queueTokens(): number {
    return this.queue.tokens;
  }

  get queueRequests(): number {
    return this.queue.requests;
  }

  /** Milliseconds the longest-waiting request has waited for a batch; 0 when none waits. */
  get queueAge(): number {
    const { oldest } = this.queue;
    return oldest === undefined ? 0 : this.options.clock.now() - oldest;
  }

  /** Tokens a second over the recent batches, of all processes together; before the first, as measured at warm-up. */
  get tokensPerSecond(): number {
    return this.dispatcher.tokensPerSecond;
  }

  /** Nothing will be computed any more, whatever comes: only another process can serve. */
  get isGivenUp(): boolean {
    return this.options.engine.state === 'failed';
  }

  /** Why nothing can be computed now: draining, engine_restarting or not_ready. undefined: it can. */
  get refusal(): HotvecError | undefined {
    return refusal(this.options.engine);
  }

  /**
   * Turns a request away before it is tokenized if there is no room for it. Until it is released its tokens count as
   * waiting: else an overloaded server tokenizes whatever comes, later and later, only to refuse it then.
   *
   * @param arrival `tokens`: no more than it will have; who would fit shall not be refused for a guess.
   * @returns releases it: it is about to be submitted, or never will be.
   * @throws {HotvecError} overloaded, key_share_exceeded.
   */
  expect(arrival: Pick<Arrival, 'tokens' | 'owner' | 'timeLimit'>): () => void {
    this.admit(arrival, this.expected);
    const { tokens } = arrival;
    const counted = Math.min(tokens, largestCount(this.options));
    this.expected = { tokens: this.expected.tokens + tokens, counted: this.expected.counted + counted };
    return () => {
      this.expected = { tokens: this.expected.tokens - tokens, counted: this.expected.counted - counted };
    };
  }

  /**
   * Says that a request is being tokenized. Where it is a query, interactive and served in one turn, bulk makes way for it, so
   * that it need not wait for a batch that was sent a moment before.
   * @param arrival `tokens`: no more than it will have.
   * @returns to be called just before it is submitted, in the same turn of the event loop, or when it will not be.
   */
  makeWayFor({ tokens, priority }: { tokens: number; priority: Priority | undefined }): () => void {
    return priority !== 'bulk' && tokens <= TURN_TOKENS ? this.dispatcher.expectQuery() : () => {};
  }

  /**
   * Computes the rows of `sequences` (token ids, none empty). One row a sequence, same order. Without sequences, and
   * with such only as are being computed already, there is room even in a full queue.
   *
   * @throws {HotvecError} `refusal`; what `expect` throws; deadline_exceeded; client_closed_request after an abort; inference_failed when
   * one of the sequences cannot be computed.
   */
  submit(sequences: readonly Int32Array[], options: SubmitOptions = {}): Promise<SubmitResult> {
    return new Promise((resolve, reject) => {
      const { clock } = this.options;
      const now = clock.now();
      // It was ready before it was tokenized. An engine given up since fails what waits once, and not what comes later.
      const refused = this.refusal;
      if (refused !== undefined) throw refused;
      if (options.signal?.aborted) throw abandoned();
      if (options.deadline !== undefined && options.deadline <= now) throw tooLate();
      if (sequences.length === 0) {
        const timings = { queue: 0, infer: 0 };
        const facts = { timings, batches: 0, lastBatchId: null, lastBatchItems: null, shared: 0 };
        resolve({ rows: [], failures: new Map(), facts });
        return;
      }

      let cancelDeadline = () => {};
      const onAbort = () => request.fail(abandoned());
      const onSettled = (outcome: SubmitResult | HotvecError) => {
        cancelDeadline();
        options.signal?.removeEventListener('abort', onAbort);
        this.queue.remove(request);
        if (outcome instanceof HotvecError) reject(outcome);
        else resolve(outcome);
      };
      const request = new PendingRequest(sequences, options, now, onSettled, this.inFlight);
      try {
        request.refuseKnown({ size: this.poison.size, has: (key) => this.poison.isRefused(key, now) }, poisoned);
        if (request.queuedTokens > 0) {
          const { owner, wasExpected, deadline } = options;
          const timeLimit = deadline === undefined ? undefined : deadline - now;
          this.admit({ tokens: request.queuedTokens, owner, wasExpected, timeLimit });
        }
      } catch (error) {
        request.fail(error as HotvecError);
        return;
      }
      if (request.settled) return;
      options.signal?.addEventListener('abort', onAbort, { once: true });
      if (options.deadline !== undefined) {
        cancelDeadline = clock.after(options.deadline - now, () => request.fail(tooLate()));
      }
      request.onTakenUp = options.onTakenUp;
      if (request.queuedTokens > 0) this.queue.push(request);
      else request.takenUp();
      this.dispatcher.dispatch();
    });
  }

  private admit(arrival: Arrival, expected = { tokens: 0, counted: 0 }): void {
    const load = {
      queueTokens: this.queue.tokens + expected.tokens,
      countedTokens: this.queue.countedTokens + expected.counted,
      countedOf: (name: string) => this.queue.tokensOf(name),
      tokensUnderWay: this.dispatcher.tokensUnderWay,
      tokensPerSecond: this.tokensPerSecond,
    };
    checkRoom(arrival, load, this.options);
  }

  /** The engine will not come back: nothing may wait for it. */
  private failAll(): void {
    const failure = refusal(this.options.engine) as HotvecError;
    this.dispatcher.failSuspects(failure);
    for (const request of this.queue.drain()) request.fail(failure);
  }
}
