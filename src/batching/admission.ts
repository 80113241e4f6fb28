import type { Engine } from '../engine/engine.ts';
import { HotvecError } from '../errors.ts';

export interface AdmissionLimits {
  /** Bound on tokens waiting. A request that finds the queue empty is let in whatever its size. */
  maxQueueTokens: number;
  /** Part of `maxQueueTokens` that one API key may hold, in (0, 1]. */
  keyShare: number;
  /** [0, 1): spreads the retries of clients that were turned away together. */
  random: () => number;
}

/** What admission looks at. */
export interface Load {
  /** Tokens waiting for a batch, of everyone and of one key. */
  queueTokens: number;
  tokensOf: (owner: string) => number;
  tokensUnderWay: number;
  tokensPerSecond: number;
}

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
        'The inference engine is being checked, because batches failed; try again in a second.',
        { retryAfterMs: MIN_RETRY_MS },
      );
    case 'failed':
      return refuse('not_ready', 'The inference engine failed and was given up.');
    case 'starting':
      return refuse('not_ready', 'The model is still loading.');
  }
}

/** @throws {HotvecError} draining, engine_restarting or not_ready, when nothing can be computed now. */
export function checkReady(engine: Pick<Engine, 'state' | 'info'>): void {
  const refused = refusal(engine);
  if (refused !== undefined) throw refused;
}

/**
 * @param wasExpected it was let in before, when its tokens were a low guess.
 * @throws {HotvecError} overloaded or key_share_exceeded, when `tokens` more of `owner` are too many to let wait.
 */
export function checkRoom(
  tokens: number,
  owner: string | undefined,
  load: Load,
  limits: AdmissionLimits,
  wasExpected = false,
): void {
  const { maxQueueTokens, keyShare } = limits;
  const slack = wasExpected ? 1 + TOKENIZED_SLACK : 1;
  // A request whose size is not known yet counts as one token.
  const added = Math.max(tokens, 1);
  const waiting = load.queueTokens;
  if (waiting > 0 && waiting + added > slack * maxQueueTokens) {
    throw new HotvecError('overloaded', `The queue is full: ${waiting} tokens wait, the limit is ${maxQueueTokens}.`, {
      retryAfterMs: retryAfter(load, limits),
    });
  }
  if (owner === undefined || keyShare === 1) return;
  const share = Math.floor(keyShare * maxQueueTokens);
  const own = load.tokensOf(owner);
  if (own > 0 && own + added > slack * share) {
    throw new HotvecError('key_share_exceeded', `This API key has ${own} tokens waiting; one key may have ${share}.`, {
      retryAfterMs: retryAfter(load, limits),
    });
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
