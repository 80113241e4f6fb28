import { signal } from '@preact/signals';
import type { ApiError } from '../api/api-error.ts';
import { loadModels } from '../api/models.ts';
import { asApiError } from '../fields/error-message.tsx';
import { type AnsweredVectors, askVectors } from './ask-vectors.ts';
import { type Collection, collection } from './collection.ts';
import { updateSaved } from './collection-store.ts';
import { type Pace, PaceMeter } from './embedding-pace.ts';
import { keepCollection } from './keep-collection.ts';
import { servedAs } from './ready-embedder.ts';

/** Of a request: so many, or texts of so many characters together, so that an answer does not take minutes. */
export const TEXTS_PER_REQUEST = 64;
const CHARACTERS_PER_REQUEST = 2 ** 16;
/** The server computes one while the page reads the answer to another. */
const REQUESTS_AT_ONCE = 2;

export interface EmbeddingState {
  running: boolean;
  /** Why it stopped by itself. */
  error: ApiError | null;
  /** null: nothing was answered yet. */
  pace: Pace | null;
}

const IDLE: EmbeddingState = { running: false, error: null, pace: null };
/** What is being done to the open collection. */
export const embedding = signal<EmbeddingState>(IDLE);
let job: AbortController | null = null;

/** Embeds what the open collection still lacks. */
export function resumeEmbedding(): void {
  const open = collection.value;
  stopEmbedding();
  if (open === null || open.embedded === open.texts.length) return;
  job = new AbortController();
  void embedRest(job.signal);
}

/** Ends it at once, and what was asked for; what has its vector keeps it. */
export function stopEmbedding(): void {
  job?.abort();
  job = null;
  embedding.value = IDLE;
}

/** As {@link stopEmbedding}; it stays so after a reload, until it is told to go on. Shown as stopped when that is written down. */
export async function pauseEmbedding(): Promise<void> {
  job?.abort();
  job = null;
  await keepPaused(true);
  if (job === null) embedding.value = IDLE;
}

/** Goes on after a pause, or after an error. */
export function goOnEmbedding(): void {
  void keepPaused(false);
  resumeEmbedding();
}

async function keepPaused(isPaused: boolean): Promise<void> {
  if (collection.value !== null) await updateSaved(collection.value.id, { isPaused });
}

async function embedRest(abort: AbortSignal): Promise<void> {
  embedding.value = { ...IDLE, running: true };
  const meter = new PaceMeter(performance.now());
  const asked: { first: number; count: number; answer: Promise<AnsweredVectors> }[] = [];
  let next = collection.value?.embedded ?? 0;
  try {
    for (let open = collection.value; open !== null && open.embedded < open.texts.length; open = collection.value) {
      while (asked.length < REQUESTS_AT_ONCE && next < open.texts.length) {
        const texts = textsOfRequest(open.texts, next);
        const model = servedAs(open.fingerprint) ?? open.model;
        const answer = askVectors({ ...open, model, texts }, abort);
        // It is awaited in its turn; until then its failure is nobody's.
        answer.catch(() => undefined);
        asked.push({ first: next, count: texts.length, answer });
        next += texts.length;
      }
      const { first, count, answer } = asked.shift() as (typeof asked)[number];
      const answered = await answer;
      if (abort.aborted) return;
      const now = collection.value as Collection;
      now.vectors.set(answered.vectors, first * now.dimensions);
      collection.value = { ...now, embedded: first + count, failed: withFailed(now.failed, first, answered.failed) };
      embedding.value = { ...embedding.value, pace: meter.add(performance.now(), count, answered.tokens) };
      void keepCollection();
    }
    embedding.value = IDLE;
  } catch (error) {
    if (abort.aborted) return;
    stopEmbedding();
    embedding.value = { ...IDLE, error: asApiError(error) };
    // What is served may have changed.
    await loadModels();
  }
}

function textsOfRequest(texts: readonly string[], first: number): readonly string[] {
  let end = first + 1;
  let characters = texts[first]?.length ?? 0;
  while (end < texts.length && end - first < TEXTS_PER_REQUEST) {
    characters += texts[end]?.length ?? 0;
    if (characters > CHARACTERS_PER_REQUEST) break;
    end++;
  }
  return texts.slice(first, end);
}

function withFailed(failed: ReadonlyMap<number, string>, first: number, more: AnsweredVectors['failed']) {
  if (more.length === 0) return failed;
  return new Map([...failed, ...more.map(([place, why]): [number, string] => [first + place, why])]);
}
