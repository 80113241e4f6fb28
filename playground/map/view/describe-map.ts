import type { Coloring } from '../coloring/coloring.ts';
import type { LayoutName } from '../map-state.ts';

/** The picture in words. */
export function describeMap(shown: LayoutName, coloring: Coloring): string {
  const layout = shown === 'pca' ? 'the first two principal components' : 'UMAP';
  const points = `Texts as points, placed by ${layout}`;
  if (coloring.kind === 'uncolored') return `${points}.`;
  if (coloring.kind === 'scale')
    return `${points}, colored by ${coloring.title} from ${coloring.least} to ${coloring.most}.`;
  const groups = coloring.groups.map(({ name, count }) => `${name} (${count})`).join(', ');
  return `${points}, colored by ${coloring.title}: ${groups}.`;
}
