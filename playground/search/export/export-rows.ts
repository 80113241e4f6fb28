/** Some rows of a collection, as they are written to a file. */
export interface ExportedRows {
  texts: readonly string[];
  /** One for each of {@link ExportColumns.others}. */
  others: readonly (readonly string[])[];
  /** Row-major [texts, dimensions]. */
  vectors: Float32Array;
  /** Rows that have no vector, by their place among these, and why. */
  failed: readonly (readonly [place: number, why: string])[];
}

/** What is written of every row, and of the whole. */
export interface ExportColumns {
  text: string;
  others: readonly string[];
  /** Whether some rows have no vector: then there is a column that says why. */
  hasFailed: boolean;
  dimensions: number;
  model: string;
  fingerprint: string;
}

/** Names of the columns that are not of the file: others than those it has. */
export function addedNames({ text, others }: Pick<ExportColumns, 'text' | 'others'>) {
  const taken = new Set([text, ...others]);
  const free = (name: string): string => (taken.has(name) ? free(`hotvec_${name}`) : name);
  return { embedding: free('embedding'), error: free('error') };
}
