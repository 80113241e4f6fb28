import { type Found, nearest, type Searched } from './exact-search.ts';

/** Vectors come part by part, in order, as they are made; a search sees those that are there. */
export type ToSearchWorker =
  | { kind: 'open'; count: number; dimensions: number }
  | { kind: 'add'; vectors: Float32Array; rows: number; without: readonly number[] }
  | { kind: 'find'; id: number; query: Float32Array; most: number };

export interface FromSearchWorker {
  id: number;
  found: Found[];
  /** How many rows were compared, and how long it took. */
  rows: number;
  ms: number;
}

let searched: Searched & { without: Set<number> } = emptyOf(0, 0);

addEventListener('message', ({ data }: MessageEvent<ToSearchWorker>) => {
  if (data.kind === 'open') searched = emptyOf(data.count, data.dimensions);
  else if (data.kind === 'add') add(data.vectors, data.rows, data.without);
  else find(data.id, data.query, data.most);
});

function emptyOf(count: number, dimensions: number): typeof searched {
  return { vectors: new Float32Array(count * dimensions), dimensions, rows: 0, without: new Set() };
}

function add(vectors: Float32Array, rows: number, without: readonly number[]): void {
  searched.vectors.set(vectors, searched.rows * searched.dimensions);
  for (const row of without) searched.without.add(row);
  searched.rows += rows;
}

function find(id: number, query: Float32Array, most: number): void {
  const start = performance.now();
  const found = nearest(searched, query, most);
  const answer: FromSearchWorker = {
    id,
    found,
    rows: searched.rows - searched.without.size,
    ms: performance.now() - start,
  };
  postMessage(answer);
}
