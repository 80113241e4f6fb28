import { effect, signal } from '@preact/signals';
import { collection } from '../collection/collection.ts';
import type { FromSearchWorker, ToSearchWorker } from './search.worker.ts';

/** Copied at once to the worker: a few milliseconds. */
const FLOATS_A_PART = 2 ** 20;

/** Why nothing can be found; null: all is well. */
export const searchProblem = signal<string | null>(null);
/** Rows of the open collection that a search compares with, as far as the worker has them. */
export const searchableRows = signal(0);

const worker = new Worker(new URL('./search.worker.ts', import.meta.url), { type: 'module' });
const tell = (message: ToSearchWorker, transfer: Transferable[] = []) => worker.postMessage(message, transfer);
const waiting = new Map<number, (answer: FromSearchWorker) => void>();
worker.onmessage = ({ data }: MessageEvent<FromSearchWorker>) => {
  waiting.get(data.id)?.(data);
  waiting.delete(data.id);
};
worker.onerror = ({ message }) => {
  searchProblem.value = `The search ended: ${message ?? 'its script was not loaded'}. Reload the page to search again.`;
};
let lastId = 0;

/** Compares a query with all vectors that are there, in the worker. */
export function findNearest(query: Float32Array, most: number): Promise<FromSearchWorker> {
  return new Promise((resolve) => {
    const id = ++lastId;
    waiting.set(id, resolve);
    tell({ kind: 'find', id, query, most });
  });
}

/** Which vectors the worker has. */
let sent = { id: '', fingerprint: '', rows: 0 };
let isSending = false;

effect(() => {
  if (collection.value === null) forget();
  else if (!isSending) void send();
});

function forget(): void {
  sent = { id: '', fingerprint: '', rows: 0 };
  tell({ kind: 'open', count: 0, dimensions: 0 });
  searchableRows.value = 0;
}

/** Copies what the worker lacks, and lets the page have its turn after each part. */
async function send(): Promise<void> {
  isSending = true;
  for (let open = collection.peek(); open !== null; open = collection.peek()) {
    const { id, fingerprint, dimensions, vectors, texts, embedded, failed } = open;
    if (sent.id !== id || sent.fingerprint !== fingerprint) {
      sent = { id, fingerprint, rows: 0 };
      tell({ kind: 'open', count: texts.length, dimensions });
      searchableRows.value = 0;
    }
    const first = sent.rows;
    const rows = Math.min(embedded - first, Math.max(1, Math.floor(FLOATS_A_PART / dimensions)));
    if (rows <= 0) break;
    const part = vectors.slice(first * dimensions, (first + rows) * dimensions);
    const without = [...failed.keys()].filter((row) => row >= first && row < first + rows);
    tell({ kind: 'add', vectors: part, rows, without }, [part.buffer]);
    sent.rows += rows;
    searchableRows.value = sent.rows;
    await new Promise((resolve) => setTimeout(resolve));
  }
  isSending = false;
}
