import { type Collection, collection } from './collection.ts';
import { notKept, putCollection, putVectors, type SavedCollection } from './collection-store.ts';

/** Of one record: what is lost at most when the tab is closed, and what is copied at once. */
const ROWS_A_RECORD = 64;

/** What of the open collection is kept. */
let kept = { id: '', fingerprint: '', texts: false, rows: 0 };
let running = false;

/** Says that texts and vectors were just read from the store, so that they are not written again. */
export function markKept({ id, fingerprint, embedded }: Collection): void {
  kept = { id, fingerprint, texts: true, rows: embedded };
  notKept.value = null;
}

/** The same of the vectors alone: the texts may be kept, or not. */
export function markVectorsKept({ fingerprint, embedded }: Collection): void {
  kept = { ...kept, fingerprint, rows: embedded };
}

/** Keeps in the browser what is not kept yet of the open collection; what it has no room for is tried again at the next call. */
export async function keepCollection(): Promise<void> {
  if (running) return;
  running = true;
  try {
    while (collection.value !== null && (await keepNext(collection.value)));
  } finally {
    running = false;
  }
}

/** Whether it kept something. */
async function keepNext(open: Collection): Promise<boolean> {
  const { id, fingerprint, dimensions, vectors, embedded, failed } = open;
  if (kept.id !== id) {
    kept = { id, fingerprint, texts: false, rows: 0 };
    // That was said of another.
    notKept.value = null;
  }
  if (kept.fingerprint !== fingerprint) kept = { ...kept, fingerprint, rows: 0 };
  const state = kept;
  if (!state.texts) {
    state.texts = await putCollection(savedCollection(open), {
      texts: open.texts,
      columns: Object.values(open.columns),
    });
    return state.texts;
  }
  const rows = Math.min(embedded - state.rows, ROWS_A_RECORD);
  if (rows === 0) return false;
  const first = state.rows;
  const part = {
    vectors: vectors.slice(first * dimensions, (first + rows) * dimensions),
    rows,
    failed: [...failed].filter(([row]) => row >= first && row < first + rows),
  };
  if (!(await putVectors([id, fingerprint, first], part))) return false;
  state.rows += rows;
  return true;
}

function savedCollection(open: Collection): SavedCollection {
  const { id, name, textName, texts, columns, model, fingerprint, dimensions } = open;
  const facts = { id, name, textName, model, fingerprint, dimensions };
  return {
    ...facts,
    size: texts.length,
    columnNames: Object.keys(columns),
    openedAt: Date.now(),
    isPaused: false,
  };
}
