import { collection } from './collection.ts';
import { resumeEmbedding, stopEmbedding } from './embedding-job.ts';
import { readyEmbedder } from './ready-embedder.ts';

/** Texts of a file, as they were read. */
export interface Rows {
  name: string;
  texts: readonly string[];
  /** Each with a value for every text. */
  columns: Readonly<Record<string, readonly string[]>>;
}

/** Opens them as a new collection in the place of the one that is open, and embeds them by the chosen model. */
export async function openRows({ name, texts, columns }: Rows): Promise<void> {
  stopEmbedding();
  const model = await readyEmbedder();
  collection.value = {
    id: newId(),
    name,
    ...model,
    texts,
    columns,
    vectors: new Float32Array(texts.length * model.dimensions),
    embedded: 0,
    failed: new Map(),
  };
  resumeEmbedding();
}

/** `crypto.randomUUID` is missing where the page came by plain HTTP from another machine. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('-');
}
