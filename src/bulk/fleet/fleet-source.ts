import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, StartError } from '../../errors.ts';
import { groupByQuery, type QueryGroup } from '../query-groups.ts';
import { type ComputedItems, type Item, isRowError, type Result, type ResultSource } from '../result-source.ts';
import { AskError } from './ask-server.ts';
import { Fleet, type FleetOptions } from './fleet.ts';
import { FLEET_DEFAULTS } from './fleet-policy.ts';
import type { FleetTask } from './fleet-task.ts';

/** Tokens of a request: seconds of a small server, and enough that what surrounds them costs nothing beside. */
const TOKENS_PER_CALL = 8_192;
/** Calls that wait for a server, so that none waits for a call. */
const CALLS_AHEAD = 1;
/** A window has at least so many calls, and as many as all servers hold twice over: the last of one run beside the next. */
const CALLS_PER_WINDOW = 8;
/** How far the length of a vector may be from one. */
const UNIT = 1e-4;
const RETRY_MS = 1_000;
/** For how long whoever waits is told nothing. */
const SILENT_MS = 3_000;
/** One answer to one text, of a server that computes for others, too. */
const PROBE_MS = 15_000;

export interface FleetSourceOptions extends FleetOptions {
  /** For how long the first answer is waited for, in milliseconds. */
  startMs: number;
  /** Components of a vector are told by the first answer; null: scores are expected. */
  gives: 'vectors' | 'scores';
  signal: AbortSignal;
}

/**
 * Servers that compute. All are asked once; those that answer must have one fingerprint, and the others may come later.
 * @throws {StartError} no server answers, or they differ, or one says that it cannot do what is asked.
 */
export async function openFleet(options: FleetSourceOptions): Promise<ResultSource> {
  const { gives } = options;
  const fleet = new Fleet(options);
  try {
    const { fingerprint, model, result } = await askFirst(fleet, options);
    if (typeof result === 'object' && isRowError(result)) throw new StartError(result.message);
    if ((typeof result === 'number') !== (gives === 'scores')) throw new StartError(`The servers give no ${gives}.`);
    fleet.expect(fingerprint);
    const vector = typeof result === 'number' ? null : result;
    const isUnit = vector !== null && Math.abs(Math.hypot(...vector) - 1) < UNIT;
    return {
      facts: { model, fingerprint, device: null, dimensions: vector?.length ?? null, isUnit },
      neighbors: gives === 'vectors' ? 'like_length' : 'same_first',
      get load() {
        const held = FLEET_DEFAULTS.held * Math.max(1, fleet.serversUp);
        const calls = held + CALLS_AHEAD * Math.max(1, fleet.serversUp);
        const callsPerWindow = Math.max(CALLS_PER_WINDOW, 2 * held);
        return { calls, tokensPerCall: TOKENS_PER_CALL, tokensPerWindow: callsPerWindow * TOKENS_PER_CALL };
      },
      compute: (items, signal) =>
        gives === 'vectors' ? fleet.compute(items, signal) : computeByQuery(fleet, items, signal),
      close: () => fleet.close(),
    };
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

/** A request has one query. */
async function computeByQuery(fleet: Fleet, items: readonly Item[], signal: AbortSignal): Promise<ComputedItems> {
  const results = new Array<Result>(items.length);
  let tokens = 0;
  const ask = async ({ places }: QueryGroup) => {
    const pairs = places.map((place) => items[place] as Item);
    const computed = await fleet.compute(pairs, signal);
    for (const [n, place] of places.entries()) results[place] = computed.results[n] as Result;
    tokens += computed.tokens;
  };
  await Promise.all(groupByQuery(items).map(ask));
  return { results, tokens };
}

type Probed = Awaited<ReturnType<Fleet['probe']>>;

interface FirstAnswer {
  url: string;
  probed: Probed;
}

/** Asks all until one answers. While none does, the first word of why comes within seconds. */
async function askFirst(fleet: Fleet, options: FleetSourceOptions): Promise<Probed> {
  const { urls, task, clock, startMs, signal, onEvent } = options;
  const giveUpAt = clock.now() + startMs;
  let isTold = false;
  const tell = (url: string, reason: string) => {
    if (!isTold) onEvent({ kind: 'waiting', url, reason });
    isTold = true;
  };
  const stopWaiting = clock.after(SILENT_MS, () => tell(urls[0] as string, 'it has not answered yet'));
  try {
    for (;;) {
      const within = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
      const asked = await Promise.allSettled(urls.map((_, server) => fleet.probe(server, within)));
      signal.throwIfAborted();
      const answers: FirstAnswer[] = [];
      const silent: { url: string; reason: string }[] = [];
      for (const [server, outcome] of asked.entries()) {
        const url = urls[server] as string;
        if (outcome.status === 'fulfilled') answers.push({ url, probed: outcome.value });
        else if (outcome.reason === within.reason)
          silent.push({ url, reason: `no answer within ${PROBE_MS / 1_000} s` });
        else if (isFinal(outcome.reason)) throw new StartError(`${url}: ${finalReason(outcome.reason, task)}`);
        else silent.push({ url, reason: messageOf(outcome.reason) });
      }
      const [first, ...others] = answers;
      if (first !== undefined) return agreed([first, ...others]);
      const [{ url, reason }] = silent as [(typeof silent)[number]];
      if (clock.now() > giveUpAt) throw new StartError(`No server answers (${url}: ${reason}).`);
      tell(url, reason);
      await sleep(RETRY_MS, undefined, { signal });
    }
  } finally {
    stopWaiting();
  }
}

/** What the first of them said. @throws {StartError} they have not one fingerprint. */
function agreed([first, ...others]: [FirstAnswer, ...FirstAnswer[]]): Probed {
  const other = others.find(({ probed }) => probed.fingerprint !== first.probed.fingerprint);
  if (other === undefined) return first.probed;
  throw new StartError(
    `${first.url} and ${other.url} have different fingerprints (${first.probed.fingerprint}, ${other.probed.fingerprint}): their vectors cannot be compared. Give them the same model and settings.`,
  );
}

/** Servers do not repeat what they were sent. */
function finalReason(error: unknown, { model }: FleetTask): string {
  const isModel = error instanceof AskError && 'code' in error.failure && error.failure.code === 'model_not_found';
  return isModel && model !== null ? `${error.message} It was asked for ${model}.` : messageOf(error);
}

/** Whether asking again would not help. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof AskError)) return true;
  const { failure } = error;
  return failure.kind === 'lost' ? failure.isLasting : failure.kind !== 'busy';
}
