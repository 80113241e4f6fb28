import { signal } from '@preact/signals';
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

/** A collection in the list of those that are kept. */
export interface SavedCollection {
  id: string;
  name: string;
  /** How many texts. */
  size: number;
  textName: string;
  columnNames: string[];
  /** With which it was opened last. */
  model: string;
  fingerprint: string;
  dimensions: number;
  openedAt: number;
  /** Whether its embedding goes on by itself when it is opened. */
  isPaused: boolean;
}

interface SavedRows {
  texts: readonly string[];
  /** One for each of `columnNames`. */
  columns: (readonly string[])[];
}

/** Vectors of the rows from the key's row on. */
export interface SavedVectors {
  /** Row-major [rows, dimensions]. */
  vectors: Float32Array;
  rows: number;
  /** Rows of the collection that have none, and why. */
  failed: [row: number, why: string][];
}

/** Keys begin with the collection's id; vectors are those of a fingerprint, from the row that ends the key on. */
interface Schema extends DBSchema {
  collections: { key: string; value: SavedCollection };
  rows: { key: [id: string, first: number]; value: SavedRows };
  vectors: { key: [id: string, fingerprint: string, first: number]; value: SavedVectors };
}

const NAME = 'hotvec-playground';
const ROWS_A_RECORD = 1000;

/** Those that are kept, the one that was opened last first. */
export const savedCollections = signal<readonly SavedCollection[]>([]);
/** Why what is open now will be lost with the tab; null: it is kept. */
export const notKept = signal<string | null>(null);

let database: Promise<IDBPDatabase<Schema> | null> | undefined;

/** null: there is none to be had. Some browsers say so at once, others by an event. */
async function openDatabase(): Promise<IDBPDatabase<Schema> | null> {
  try {
    return await openDB<Schema>(NAME, 1, {
      upgrade(db) {
        db.createObjectStore('collections', { keyPath: 'id' });
        db.createObjectStore('rows');
        db.createObjectStore('vectors');
      },
      blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
      terminated: () => {
        database = undefined;
      },
    });
  } catch {
    return null;
  }
}

/** Does something with the database; what cannot be kept is said in {@link notKept}, and is no reason to stop. */
async function attempt<Result>(work: (db: IDBPDatabase<Schema>) => Promise<Result>): Promise<Result | null> {
  database ??= openDatabase();
  const db = await database;
  if (db === null) {
    notKept.value = 'This browser keeps nothing for this page, as in some private windows.';
    return null;
  }
  try {
    return await work(db);
  } catch (error) {
    const { name, message } = error as DOMException;
    notKept.value =
      name === 'QuotaExceededError'
        ? 'This browser has no more room for this page. Delete a collection that you no longer need.'
        : `This browser could not keep it: ${message}`;
    return null;
  }
}

/** Reads the list again. */
export async function listCollections(): Promise<readonly SavedCollection[]> {
  const all = (await attempt((db) => db.getAll('collections'))) ?? [];
  savedCollections.value = all.sort((one, other) => other.openedAt - one.openedAt);
  return savedCollections.value;
}

/** Keeps a new collection whole, or not at all: then it answers false. */
export async function putCollection(saved: SavedCollection, { texts, columns }: SavedRows): Promise<boolean> {
  const isKept = await attempt(async (db) => {
    const transaction = db.transaction(['collections', 'rows'], 'readwrite');
    // One after the other: each is copied when it is put, and the page has its turn in between.
    const put = async () => {
      for (let first = 0; first < texts.length; first += ROWS_A_RECORD) {
        const part = (cells: readonly string[]) => cells.slice(first, first + ROWS_A_RECORD);
        await transaction
          .objectStore('rows')
          .put({ texts: part(texts), columns: columns.map(part) }, [saved.id, first]);
      }
      await transaction.objectStore('collections').put(saved);
    };
    await finish(transaction, put());
    return true;
  });
  await listCollections();
  return isKept ?? false;
}

/** Writes what changed of a collection that is kept. */
export async function updateSaved(id: string, change: Partial<SavedCollection>): Promise<void> {
  await attempt(async (db) => {
    const transaction = db.transaction('collections', 'readwrite');
    const saved = await transaction.store.get(id);
    if (saved !== undefined) await finish(transaction, transaction.store.put({ ...saved, ...change }));
  });
  await listCollections();
}

/** Keeps vectors of the rows from the key's on; false: it could not. */
export async function putVectors(key: Schema['vectors']['key'], vectors: SavedVectors): Promise<boolean> {
  const isKept = await attempt(async (db) => {
    const transaction = db.transaction(['collections', 'vectors'], 'readwrite');
    const put = async () => {
      const saved = await transaction.objectStore('collections').get(key[0]);
      if (saved === undefined) throw new Error('another tab deleted it.');
      if (key[2] + vectors.rows > saved.size) throw new Error('another tab canceled the rest of it.');
      await transaction.objectStore('vectors').put(vectors, key);
    };
    await finish(transaction, put());
    return true;
  });
  return isKept ?? false;
}

/** The texts of a kept collection; null: they cannot be read. */
export async function loadRows({ id, size, columnNames }: SavedCollection): Promise<SavedRows | null> {
  return attempt(async (db) => {
    const texts: string[] = [];
    const columns: string[][] = columnNames.map(() => []);
    for await (const { value } of db.transaction('rows').store.iterate(keysOf(id))) {
      for (const text of value.texts) texts.push(text);
      for (const [place, cells] of value.columns.entries()) for (const cell of cells) columns[place]?.push(cell);
    }
    // Fewer than were put, where embedding was canceled.
    return { texts: texts.slice(0, size), columns: columns.map((cells) => cells.slice(0, size)) };
  });
}

/** The kept vectors of a fingerprint, part by part from row 0 on, to the first gap. */
export async function loadVectors(
  id: string,
  fingerprint: string,
  onPart: (first: number, part: SavedVectors) => void,
): Promise<void> {
  await attempt(async (db) => {
    let next = 0;
    for await (const { key, value } of db.transaction('vectors').store.iterate(keysOf(id, fingerprint))) {
      if (key[2] !== next) break;
      onPart(next, value);
      next += value.rows;
    }
  });
}

/** Removes a collection with all its vectors. */
export async function forgetCollection(id: string): Promise<void> {
  await attempt(async (db) => {
    const transaction = db.transaction(['collections', 'rows', 'vectors'], 'readwrite');
    const removed = Promise.all([
      transaction.objectStore('collections').delete(id),
      transaction.objectStore('rows').delete(keysOf(id)),
      transaction.objectStore('vectors').delete(keysOf(id)),
    ]);
    await finish(transaction, removed);
    notKept.value = null;
  });
  await listCollections();
}

/** Waits until it is written. @throws why the transaction was ended, which its requests do not say. */
async function finish(transaction: { done: Promise<void> }, requests: Promise<unknown>): Promise<void> {
  const [done, requested] = await Promise.allSettled([transaction.done, requests]);
  if (done.status === 'rejected') throw done.reason;
  if (requested.status === 'rejected') throw requested.reason;
}

/** All keys that begin so: an array sorts after every number and string. */
function keysOf(...beginning: string[]): IDBKeyRange {
  return IDBKeyRange.bound(beginning, [...beginning, []]);
}
