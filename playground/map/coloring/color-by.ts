import { computed, effect, signal } from '@preact/signals';
import { type MappedTexts, mapped, problem, textOf } from '../map-state.ts';
import { appearanceOf } from './appearance.ts';
import { type Coloring, colorByCluster, colorByColumn } from './coloring.ts';
import { MOST_GROUPS, type Theme } from './palette.ts';

/** What colors the points. */
export type ColorBy = { kind: 'nothing' } | { kind: 'clusters' } | { kind: 'column'; name: string };

export const colorBy = signal<ColorBy>({ kind: 'nothing' });
export const clusterCount = signal(6);
export const FEWEST_CLUSTERS = 2;
export const MOST_CLUSTERS = MOST_GROUPS;
/** The group whose points stand out; null: none. */
export const emphasized = signal<number | null>(null);
export const coloring = signal<Coloring>({ kind: 'uncolored' });
/** Whether k-means is being computed. */
export const isClustering = signal(false);

const darkness = matchMedia('(prefers-color-scheme: dark)');
export const theme = signal<Theme>(darkness.matches ? 'dark' : 'light');
darkness.addEventListener('change', ({ matches }) => {
  theme.value = matches ? 'dark' : 'light';
});

export const appearance = computed(() => appearanceOf(coloring.value, theme.value));

/** What a file has beside its texts. */
export const columnNames = computed(() => Object.keys(mapped.value?.of.columns ?? {}));

/** Beyond it, the name of a cluster is cut. */
const NAME_LENGTH = 60;

/** The texts that `coloring` is of. */
let colored: MappedTexts | null = null;

// Another collection is colored by its first column, or else by clusters.
const mappedId = computed(() => mapped.value?.of.id ?? null);
effect(() => {
  if (mappedId.value === null) return;
  const [first] = columnNames.peek();
  colorBy.value = first === undefined ? { kind: 'clusters' } : { kind: 'column', name: first };
});

effect(() => {
  const texts = mapped.value;
  const by = colorBy.value;
  const k = clusterCount.value;
  emphasized.value = null;
  isClustering.value = false;
  if (texts === null || by.kind === 'nothing') {
    coloring.value = { kind: 'uncolored' };
    return;
  }
  if (by.kind === 'column') {
    colored = texts;
    const cells = texts.of.columns[by.name] ?? [];
    coloring.value = colorByColumn(
      by.name,
      Array.from(texts.rows, (row) => cells[row] ?? ''),
      MOST_GROUPS,
    );
    return;
  }
  const abort = new AbortController();
  void cluster(texts, k, abort.signal);
  return () => abort.abort();
});

async function cluster(texts: MappedTexts, k: number, signal: AbortSignal): Promise<void> {
  isClustering.value = true;
  // The colors that there are may be those of other points.
  if (colored !== texts) coloring.value = { kind: 'uncolored' };
  try {
    const clusters = await texts.vectors.ask('clusters', { k }, { signal });
    colored = texts;
    coloring.value = colorByCluster(
      clusters,
      clusters.central.map((point) => shortened(textOf(texts, point))),
    );
    isClustering.value = false;
  } catch (error) {
    if (signal.aborted) return;
    isClustering.value = false;
    problem.value = error instanceof Error ? error.message : String(error);
  }
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= NAME_LENGTH ? line : `${line.slice(0, NAME_LENGTH - 1)}…`;
}
