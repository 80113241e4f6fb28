import { type Collection, collection } from './collection.ts';
import { listCollections, loadRows, loadVectors, type SavedCollection, updateSaved } from './collection-store.ts';
import { resumeEmbedding, stopEmbedding } from './embedding-job.ts';
import { markKept, markVectorsKept } from './keep-collection.ts';
import { allocateVectors } from './open-rows.ts';
import { type ReadyModel, readyEmbedder, servedAs } from './ready-embedder.ts';

let asked: Promise<void> | undefined;

/** Opens the collection that was open when the page was left, once; embedding goes on where it stopped. */
export function openLast(): Promise<void> {
  asked ??= listCollections().then(async ([last]) => {
    if (last !== undefined && collection.value === null) await openSaved(last);
  });
  return asked;
}

/** Opens one that is kept in the browser, in the place of the one that is open. */
export async function openSaved(saved: SavedCollection): Promise<void> {
  const { id, name, textName, model, fingerprint, dimensions } = saved;
  const before = collection.value;
  stopEmbedding();
  const rows = await loadRows(saved);
  if (rows === null) return;
  const columns = saved.columnNames.map((column, place) => [column, rows.columns[place] ?? []]);
  const opened = await withKeptVectors({
    ...{ id, name, model, fingerprint, dimensions },
    texts: rows.texts,
    textName,
    columns: Object.fromEntries(columns),
  });
  // Another was opened meanwhile.
  if (collection.value !== before) return;
  collection.value = opened;
  markKept(opened);
  await updateSaved(id, { openedAt: Date.now() });
  if (!saved.isPaused) void resumeOnceServed(opened);
}

/** Embeds the open collection by another model; what is kept of that model's vectors is used. */
export async function embedWith(model: ReadyModel): Promise<void> {
  const before = collection.value;
  if (before === null) return;
  stopEmbedding();
  const opened = await withKeptVectors({ ...before, ...model });
  if (collection.value !== before) return;
  collection.value = opened;
  markVectorsKept(opened);
  await updateSaved(opened.id, { ...model, isPaused: false });
  resumeEmbedding();
}

async function withKeptVectors(facts: Omit<Collection, 'vectors' | 'embedded' | 'failed'>): Promise<Collection> {
  const { id, fingerprint, dimensions, texts } = facts;
  const vectors = allocateVectors(texts.length, dimensions);
  const failed = new Map<number, string>();
  let embedded = 0;
  await loadVectors(id, fingerprint, (first, part) => {
    // Fewer than were kept, where another tab canceled what this one went on with.
    const rows = Math.min(part.rows, texts.length - first);
    if (rows <= 0) return;
    vectors.set(part.vectors.subarray(0, rows * dimensions), first * dimensions);
    for (const [row, why] of part.failed) if (row < texts.length) failed.set(row, why);
    embedded = first + rows;
  });
  return { ...facts, vectors, embedded, failed };
}

/** Goes on when the server has said what it serves, if that is the model of the vectors. */
async function resumeOnceServed({ id, fingerprint }: Collection): Promise<void> {
  // Where there is none, the page says so.
  if ((await readyEmbedder().catch(() => null)) === null) return;
  const open = collection.value;
  if (servedAs(fingerprint) !== null && open?.id === id && open.fingerprint === fingerprint) resumeEmbedding();
}
