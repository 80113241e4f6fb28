import { collection } from './collection.ts';
import { listCollections, loadRows, loadVectors, type SavedCollection, updateSaved } from './collection-store.ts';
import { resumeEmbedding, stopEmbedding } from './embedding-job.ts';
import { markKept } from './keep-collection.ts';
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
  stopEmbedding();
  const rows = await loadRows(saved);
  if (rows === null) return;
  const columns = Object.fromEntries(saved.columnNames.map((column, place) => [column, rows.columns[place] ?? []]));
  collection.value = {
    id,
    name,
    model,
    fingerprint,
    dimensions,
    texts: rows.texts,
    textName,
    columns,
    vectors: allocateVectors(rows.texts.length, dimensions),
    embedded: 0,
    failed: new Map(),
  };
  await updateSaved(id, { openedAt: Date.now() });
  await restoreVectors();
  if (saved.isPaused) return;
  // Until the server has said what it serves.
  await readyEmbedder();
  if (servedAs(fingerprint) !== null && collection.value?.id === id) resumeEmbedding();
}

/** Embeds the open collection by another model; what is kept of that model's vectors is used. */
export async function embedWith(model: ReadyModel): Promise<void> {
  const open = collection.value;
  if (open === null) return;
  stopEmbedding();
  const vectors = allocateVectors(open.texts.length, model.dimensions);
  collection.value = { ...open, ...model, vectors, embedded: 0, failed: new Map() };
  await updateSaved(open.id, { ...model, isPaused: false });
  await restoreVectors();
  resumeEmbedding();
}

async function restoreVectors(): Promise<void> {
  const open = collection.value;
  if (open === null) return;
  const { id, fingerprint, dimensions, vectors } = open;
  const failed = new Map<number, string>();
  let embedded = 0;
  await loadVectors(id, fingerprint, (first, part) => {
    vectors.set(part.vectors, first * dimensions);
    for (const [row, why] of part.failed) failed.set(row, why);
    embedded = first + part.rows;
  });
  if (collection.value !== open) return;
  collection.value = { ...open, embedded, failed };
  markKept(collection.value);
}
