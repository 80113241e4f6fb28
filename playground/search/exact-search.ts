export interface Found {
  row: number;
  score: number;
}

export interface Searched {
  /** Row-major, `dimensions` components a row, unit length. */
  vectors: Float32Array;
  dimensions: number;
  /** How many rows are searched, the first ones. */
  rows: number;
  /** Rows that have no vector. */
  without: ReadonlySet<number>;
}

/** The rows with the largest dot products with `query`, best first; of equal ones the earlier. Every row is compared. */
export function nearest({ vectors, dimensions, rows, without }: Searched, query: Float32Array, most: number): Found[] {
  const found: Found[] = [];
  for (let row = 0; row < rows; row++) {
    if (without.has(row)) continue;
    const score = dot(vectors, row * dimensions, query);
    if (found.length === most && score <= (found.at(-1)?.score ?? 0)) continue;
    let place = found.length;
    while (place > 0 && score > (found[place - 1]?.score ?? 0)) place--;
    found.splice(place, 0, { row, score });
    if (found.length > most) found.pop();
  }
  return found;
}

/** Four sums at a time, which do not wait for each other. */
function dot(vectors: Float32Array, offset: number, query: Float32Array): number {
  const { length } = query;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    a += vectors[offset + i]! * query[i]!;
    b += vectors[offset + i + 1]! * query[i + 1]!;
    c += vectors[offset + i + 2]! * query[i + 2]!;
    d += vectors[offset + i + 3]! * query[i + 3]!;
  }
  for (; i < length; i++) a += vectors[offset + i]! * query[i]!;
  return a + b + c + d;
}
