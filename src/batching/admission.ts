import type { Engine } from '../engine/engine.ts';
import { HotvecError } from '../errors.ts';

export interface AdmissionLimits {
  /**
   * Bound on tokens waiting. A request that finds the queue empty is let in whatever its size, and a large one counts with
   * a part of it (`largestCount`).
   */
  maxQueueTokens: number;
  /** Part of `maxQueueTokens` that one API key may hold, in (0, 1]. */
  keyShare: number;
  /** [0, 1): spreads the retries of clients that were turned away together. */
  random: () => number;
}

/** What admission looks at. */
export interface Load {
  /** Tokens waiting for a batch. */
  queueTokens: number;
  /** The same, as far as they count, of everyone and of one key. */
  countedTokens: number;
  countedOf: (owner: string) => number;
  tokensUnderWay: number;
  tokensPerSecond: number;
}

/** A request that asks to be let in. */
export interface Arrival {
  tokens: number;
  /** Name of its API key. */
  owner?: string | undefined;
  /** Milliseconds after which its answer is worth nothing. */
  timeLimit?: number | undefined;
  /** It was let in before, when its tokens were a low guess. */
  wasExpected?: boolean | undefined;
}

/**
 * The part of the queue that one request counts for at most, and the least of that in tokens. In the queue requests
 * take turns, so that a large one makes others wait no longer than a small one does; if it filled the queue, it would
 * keep everyone out for as long as it takes.
 */
const LARGEST_PART = 1 / 8;
const LEAST_LARGEST = 65_536;
/** The part of the queue that large requests leave to others. */
const LEFT_PART = 1 / 8;
/**
 * By what part of the bounds a request that was let in to be tokenized may exceed them. How many tokens it has could only be
 * guessed then, and an overloaded server has least of all the time to tokenize it for nothing.
 */
const TOKENIZED_SLACK = 1 / 10;
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** When an engine that restarts is worth a new try, in milliseconds: after the time its last start took. */
export function restartRetry({ info }: Pick<Engine, 'info'>): number {
  return clampRetry(1.25 * (info?.loadMilliseconds ?? 0));
}

/** Why nothing can be computed now: draining, engine_restarting or not_ready. Undefined when it can. */
export function refusal(engine: Pick<Engine, 'state' | 'info'>): HotvecError | undefined {
  const retryAfterMs = restartRetry(engine);
  const refuse = (code: 'draining' | 'engine_restarting' | 'not_ready', message: string) =>
    new HotvecError(code, message, { retryAfterMs });
  switch (engine.state) {
    case 'ready':
      return undefined;
    case 'closed':
      return refuse('draining', 'The server is shutting down; send the request to another one.');
    case 'restarting':
      return refuse(
        'engine_restarting',
        `The inference engine is restarting; try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
      );
    case 'checking':
      return new HotvecError(
        'engine_restarting',
        'The inference engine is being checked because batches failed; try again in a second.',
        { retryAfterMs: MIN_RETRY_MS },
      );
    case 'failed':
      return refuse('not_ready', 'The inference engine failed and was given up.');
    case 'starting':
      return refuse('not_ready', 'The model is still loading.');
  }
}

/** Tokens that a request counts for at most, however many it has. */
export function largestCount({ maxQueueTokens }: Pick<AdmissionLimits, 'maxQueueTokens'>): number {
  return Math.max(Math.floor(LARGEST_PART * maxQueueTokens), LEAST_LARGEST);
}

/**
 * @throws {HotvecError} overloaded or key_share_exceeded, when the request is too much to let wait.
 */
export function checkRoom(
  { tokens, owner, timeLimit = Number.POSITIVE_INFINITY, wasExpected = false }: Arrival,
  load: Load,
  limits: AdmissionLimits,
): void {
  const { maxQueueTokens, keyShare } = limits;
  const refuse = (code: 'overloaded' | 'key_share_exceeded', message: string) =>
    new HotvecError(code, message, { retryAfterMs: retryAfter(load, limits) });
  const largest = largestCount(limits);
  // A request whose size is not known yet counts as one token.
  const added = Math.max(Math.min(tokens, largest), 1);
  const part = (tokens > largest ? 1 - LEFT_PART : 1) * (wasExpected ? 1 + TOKENIZED_SLACK : 1);
  const counted = load.countedTokens;
  if (counted > 0 && counted + added > part * maxQueueTokens) {
    const as = load.queueTokens > counted ? `, counted as ${counted}` : '';
    throw refuse(
      'overloaded',
      `The queue is full: ${load.queueTokens} tokens are waiting${as}; the limit is ${maxQueueTokens}.`,
    );
  }
  // What takes turns with a lot is done late: rather than nothing in time, some of it is.
  const isLate = (load.queueTokens + load.tokensUnderWay + tokens) * 1000 > timeLimit * load.tokensPerSecond;
  if (counted > 0 && tokens > largest && load.tokensPerSecond > 0 && isLate) {
    throw refuse(
      'overloaded',
      `${load.queueTokens} tokens are waiting; with the ${tokens} of this request they could not be computed before its deadline.`,
    );
  }
  if (owner === undefined || keyShare === 1) return;
  const share = Math.floor(keyShare * maxQueueTokens);
  const own = load.countedOf(owner);
  if (own > 0 && own + added > part * share) {
    throw refuse('key_share_exceeded', `This API key has ${own} tokens waiting; the limit per key is ${share}.`);
  }
}

/** 1–30 s, in milliseconds: the time the tokens inside will take at the measured pace, up to a quarter more by chance. */
function retryAfter(load: Load, { random }: AdmissionLimits): number {
  const seconds = (load.queueTokens + load.tokensUnderWay) / Math.max(load.tokensPerSecond, 1);
  return clampRetry(1000 * seconds * (1 + random() / 4));
}

function clampRetry(milliseconds: number): number {
  return Math.round(Math.min(MAX_RETRY_MS, Math.max(MIN_RETRY_MS, milliseconds)));
}
