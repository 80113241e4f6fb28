import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, HotvecError, StartError } from '../errors.ts';
import type { OpenModel, StartedModel } from '../served-models/open-model.ts';
import type { Embedder, EmbedOptions } from '../tasks/embedding/embedder.ts';
import type { PromptChoice } from '../tasks/embedding/prompt.ts';
import type { ComputedItems, Item, Result, ResultSource, SourceFacts, SourceLoad } from './result-source.ts';

/** The longest that a timer takes, 24 days: no item is given up for the time that others take. */
export const NO_TIME_LIMIT_MS = 2 ** 31 - 1;
/** Batches in a call. */
const BATCHES_PER_CALL = 2;
const FEWEST_TOKENS_PER_CALL = 2_048;
/** Calls besides those whose batches an engine process has: one that waits in the queue, one that is tokenized. */
const CALLS_AHEAD = 2;
const CALLS_PER_PROCESS = 2;
const SECONDS_PER_WINDOW = 1;
/** A window has at least so many batches, or sorting it by length gains nothing. */
const BATCHES_PER_WINDOW = 16;
/** What passes by itself, or with an engine process that is started again. */
const PASSING: readonly ErrorCode[] = ['engine_restarting', 'not_ready', 'overloaded'];
const RETRY_MS = 1_000;

/** What is asked of an embedding model. */
export type VectorWish = Pick<EmbedOptions, 'dimensions' | 'normalize' | 'truncate'> & PromptChoice;

/** What an engine computes of items, and how its calls end. */
export type ComputeCall = (items: readonly Item[], signal: AbortSignal) => Promise<ComputedItems>;

/** What the engine computes. */
export interface EngineWork extends Pick<SourceFacts, 'dimensions' | 'isUnit'>, Pick<ResultSource, 'neighbors'> {
  compute: ComputeCall;
}

/** An engine of this process's own. */
export function engineSource(
  model: OpenModel,
  { info, fingerprint, batchTokens }: StartedModel,
  { dimensions, isUnit, neighbors, compute }: EngineWork,
): ResultSource {
  const { engine } = model;
  const tokensPerCall = Math.max(FEWEST_TOKENS_PER_CALL, BATCHES_PER_CALL * batchTokens);
  const load = (): SourceLoad => ({
    calls: CALLS_AHEAD + CALLS_PER_PROCESS * Math.max(1, engine.processesReady),
    tokensPerCall,
    tokensPerWindow: Math.max(BATCHES_PER_WINDOW * batchTokens, SECONDS_PER_WINDOW * info.tokensPerSecond),
  });
  return {
    facts: { model: model.name, fingerprint, device: info.device, dimensions, isUnit },
    neighbors,
    get load() {
      return load();
    },
    async compute(items, signal) {
      for (;;) {
        try {
          return await compute(items, signal);
        } catch (error) {
          signal.throwIfAborted();
          if (engine.state === 'failed') throw new StartError('The inference engine was given up: it ended too often.');
          if (!(error instanceof HotvecError) || !PASSING.includes(error.code)) throw error;
          await sleep(error.retryAfterMs ?? RETRY_MS, undefined, { signal });
        }
      }
    },
    close: () => engine.close(),
  };
}

/** A vector for the only text of each item. @param name what errors call it. */
export function embedCall(service: Embedder, name: string, wish: VectorWish): ComputeCall {
  const { role, instruction, ...options } = wish;
  return async (items, signal) => {
    const inputs = items.map(([content = '']) => ({ content, name, role, instruction }));
    const { vectors, tokens, failures } = await service.embed(inputs, {
      ...options,
      dimensionsName: '--dimensions',
      onError: 'partial',
      priority: 'bulk',
      timeLimit: NO_TIME_LIMIT_MS,
      signal,
    });
    return { results: inPlaces(items.length, vectors, failures), tokens: sum(tokens) };
  };
}

/** Results in the places of their items, and what the others failed of. */
export function inPlaces(
  count: number,
  found: readonly (Float32Array | number)[],
  failures: ReadonlyMap<number, HotvecError>,
): Result[] {
  const next = found.values();
  return Array.from({ length: count }, (_, i) => {
    const failure = failures.get(i);
    if (failure !== undefined) return { code: failure.code, message: failure.message };
    return next.next().value as Float32Array | number;
  });
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
