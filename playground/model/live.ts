import { signal } from '@preact/signals';
import { ApiError } from '../api/api-error.ts';
import type { Health } from '../api/api-types.ts';
import { fetchHealth, fetchMetrics, modelDoubts } from '../api/server.ts';
import type { Reading } from './live-figures.ts';
import { readSamples } from './read-samples.ts';

/** What the server said of itself last. */
export interface Live {
  /** null: it does not answer. */
  health: Health | null;
  /** Of the last minute, oldest first; null: METRICS_PORT has moved them away from this port. */
  readings: readonly Reading[] | null;
  /** Why there is something else instead. */
  error: ApiError | null;
}

const EACH_MS = 1000;
const KEPT = 61;

export const live = signal<Live>({ health: null, readings: [], error: null });

/** Asks the server how it is, each second until it is told to end. @returns what ends it. */
export function watchServer(): () => void {
  const abort = new AbortController();
  // Rates are of seconds that were watched.
  live.value = { ...live.value, readings: live.value.readings && [] };
  void watch(abort.signal);
  return () => abort.abort();
}

async function watch(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const next = await ask(signal);
    if (signal.aborted) return;
    live.value = next;
    await new Promise((resolve) => setTimeout(resolve, EACH_MS));
  }
}

async function ask(signal: AbortSignal): Promise<Live> {
  const before = live.value;
  try {
    const health = await fetchHealth({ signal });
    // It is another process: it may serve another model.
    if (before.health !== null && health.uptime_seconds < before.health.uptime_seconds) modelDoubts.value++;
    const reading = before.readings === null ? null : await read(signal);
    const readings = reading === null ? null : [...(before.readings ?? []), reading].slice(-KEPT);
    return { health, readings, error: null };
  } catch (error) {
    if (error instanceof ApiError) return { health: null, readings: before.readings && [], error };
    if (signal.aborted) return before;
    throw error;
  }
}

/** @returns null: they are not on this port. */
async function read(signal: AbortSignal): Promise<Reading | null> {
  try {
    return { samples: readSamples(await fetchMetrics({ signal })), atMs: performance.now() };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
