import type { Coloring } from '../coloring/coloring.ts';
import type { Hits } from '../hits.ts';
import type { LayoutName } from '../map-state.ts';

/** The picture in words. */
export function describeMap(shown: LayoutName, coloring: Coloring, hits: Hits | null): string {
  const layout = shown === 'pca' ? 'the first two principal components' : 'UMAP';
  const numbered = hits === null ? '' : `; those nearest to “${hits.query}” have their number`;
  return `Texts as points, placed by ${layout}${describeColors(coloring)}${numbered}.`;
}

function describeColors(coloring: Coloring): string {
  if (coloring.kind === 'uncolored') return '';
  if (coloring.kind === 'scale') return `, colored by ${coloring.title} from ${coloring.least} to ${coloring.most}`;
  const groups = coloring.groups.map(({ name, count }) => `${name} (${count})`).join(', ');
  return `, colored by ${coloring.title}: ${groups}`;
}
