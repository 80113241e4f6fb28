import { batch, effect } from '@preact/signals';
import { type Collection, collection } from '../collection/collection.ts';
import { runUmap } from './computing/run-umap.ts';
import { umapPlan } from './computing/umap-plan.ts';
import { storeVectors } from './computing/vector-store.ts';
import { fitLayout } from './layout.ts';
import {
  chosen,
  hasUmap,
  isLookedAt,
  type MappedTexts,
  mapped,
  pca,
  pointed,
  problem,
  umap,
  work,
} from './map-state.ts';

/** Passes of PCA at most; texts need a dozen. */
const PASSES = 60;
/** Of unit vectors in float32 that are the same: the same text in two batches may differ in its last bits. */
const ROUNDING_VARIANCE = 1e-10;

let making: AbortController | null = null;
let improving: AbortController | null = null;
/** What the newest map was made of. */
let made: Pick<Collection, 'id' | 'fingerprint' | 'embedded'> | null = null;

// Makes a map of what was opened, from the first texts that have a vector, and once more when all have.
effect(() => {
  const open = collection.value;
  if (open === null) return forget();
  if (!isLookedAt.value || open.embedded === open.failed.size) return;
  const isAnother = made?.id !== open.id || made.fingerprint !== open.fingerprint;
  const isComplete = open.embedded === open.texts.length && made?.embedded !== open.embedded;
  if (isAnother) forget();
  if (isAnother || isComplete) void makeMap(open);
});

/** Takes in the texts that have got their vector meanwhile. */
export function bringUpToDate(): void {
  if (collection.value !== null) void makeMap(collection.value);
}

/** UMAP as far as it has come stays. */
export function stopImproving(): void {
  improving?.abort();
}

/** Computes UMAP from its beginning. */
export function improve(): void {
  if (mapped.value !== null) void improveMap(mapped.value);
}

function forget(): void {
  making?.abort();
  improving?.abort();
  made = null;
  mapped.peek()?.vectors.close();
  batch(() => {
    for (const state of [mapped, pca, umap, work, problem, chosen, pointed]) state.value = null;
  });
}

async function makeMap(open: Collection): Promise<void> {
  making?.abort();
  improving?.abort();
  const abort = new AbortController();
  making = abort;
  made = open;
  try {
    problem.value = null;
    work.value = { step: 'vectors', done: null };
    const rows = Uint32Array.from({ length: open.embedded }, (_, row) => row).filter((row) => !open.failed.has(row));
    const vectors = await storeVectors(open.vectors, open.dimensions, { rows, signal: abort.signal });
    work.value = { step: 'pca', done: null };
    const found = await vectors.ask('principalComponents', { passes: PASSES }, { signal: abort.signal });
    mapped.peek()?.vectors.close();
    const texts = { of: open, rows, vectors };
    batch(() => {
      mapped.value = texts;
      umap.value = null;
      const explained = found.variances.reduce((sum, variance) => sum + variance, 0) / (found.totalVariance || 1);
      const areAlike = found.totalVariance < ROUNDING_VARIANCE;
      const positions = areAlike ? new Float32Array(2 * rows.length) : inTwo(found.positions, rows.length);
      pca.value = { ...fitLayout(positions), explained, areAlike };
    });
    await improveMap(texts);
  } catch (error) {
    report(error, abort.signal);
  }
}

async function improveMap(texts: MappedTexts): Promise<void> {
  improving?.abort();
  const abort = new AbortController();
  improving = abort;
  const start = pca.peek();
  if (start === null || !hasUmap.peek()) {
    work.value = null;
    return;
  }
  const { neighbors, epochs } = umapPlan(texts.rows.length);
  try {
    work.value = { step: 'neighbors', done: null };
    const onProgress = (done: number) => {
      work.value = { step: 'neighbors', done };
    };
    const graph = await texts.vectors.ask('neighborGraph', { each: neighbors }, { signal: abort.signal, onProgress });
    work.value = { step: 'umap', done: null };
    await runUmap({ graph, start: start.positions, epochs }, abort.signal, ({ epoch, positions }) => {
      batch(() => {
        umap.value = { ...fitLayout(positions), epoch, epochs };
        work.value = { step: 'umap', done: epoch / epochs };
      });
    });
    work.value = null;
  } catch (error) {
    report(error, abort.signal);
  }
}

/** Says why there is no map; whoever aborted it knows. */
function report(error: unknown, { aborted }: AbortSignal): void {
  if (aborted) {
    if (improving?.signal.aborted && !making?.signal.aborted) work.value = null;
    return;
  }
  work.value = null;
  problem.value = error instanceof Error ? error.message : String(error);
}

/** Two texts have fewer components than two. @param positions [count, components] */
function inTwo(positions: Float32Array, count: number): Float32Array {
  const components = positions.length / count;
  if (components === 2) return positions;
  return Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 < components ? (positions[i >> 1] ?? 0) : 0));
}
