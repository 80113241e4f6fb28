import { collection } from './collection.ts';
import { forgetCollection, updateSaved } from './collection-store.ts';
import { stopEmbedding } from './embedding-job.ts';
import { keepCollection } from './keep-collection.ts';

/** Ends embedding for good: the collection is what has been embedded so far, or nothing if that is nothing. */
export async function cancelEmbedding(): Promise<void> {
  stopEmbedding();
  const open = collection.value;
  if (open === null) return;
  const { id, embedded, dimensions } = open;
  if (embedded === 0) return deleteCollection(id);
  await updateSaved(id, { size: embedded });
  if (collection.value !== open) return;
  const columns = Object.entries(open.columns).map(([name, cells]) => [name, cells.slice(0, embedded)]);
  collection.value = {
    ...open,
    texts: open.texts.slice(0, embedded),
    columns: Object.fromEntries(columns),
    vectors: open.vectors.subarray(0, embedded * dimensions),
  };
}

/** Deletes one that is kept in the browser, with its vectors; closes it if it is open. */
export async function deleteCollection(id: string): Promise<void> {
  if (collection.value?.id === id) {
    stopEmbedding();
    collection.value = null;
  }
  await forgetCollection(id);
  // There may be room now for what the open one could not keep.
  await keepCollection();
}
