import { collection } from './collection.ts';
import { resumeEmbedding, stopEmbedding } from './embedding-job.ts';
import { keepCollection } from './keep-collection.ts';
import { readyEmbedder } from './ready-embedder.ts';

/** Texts of a file, as they were read. */
export interface Rows {
  name: string;
  texts: readonly string[];
  /** What the file calls them. */
  textName: string;
  /** Each with a value for every text. */
  columns: Readonly<Record<string, readonly string[]>>;
}

/** Opens them as a new collection in the place of the one that is open, and embeds them by the chosen model. */
export async function openRows({ name, texts, textName, columns }: Rows): Promise<void> {
  stopEmbedding();
  const model = await readyEmbedder();
  collection.value = {
    id: newId(),
    name,
    ...model,
    texts,
    textName,
    columns,
    vectors: allocateVectors(texts.length, model.dimensions),
    embedded: 0,
    failed: new Map(),
  };
  void keepCollection();
  resumeEmbedding();
}

/** Zeros for so many vectors. @throws {RangeError} where the browser has no memory for them, in words for people. */
export function allocateVectors(count: number, dimensions: number): Float32Array {
  try {
    return new Float32Array(count * dimensions);
  } catch {
    const mebibytes = Math.ceil((count * dimensions * 4) / 2 ** 20).toLocaleString('en');
    throw new RangeError(
      `${count.toLocaleString('en')} vectors of ${dimensions} components need ${mebibytes} MiB, more than this browser has.`,
    );
  }
}

/** `crypto.randomUUID` is missing where the page came by plain HTTP from another machine. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('-');
}
