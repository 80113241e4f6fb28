/** Points in groups, or with a number each. */
export type Coloring = Groups | NumberScale | Uncolored;

export interface Uncolored {
  kind: 'uncolored';
}

export interface Groups {
  kind: 'groups';
  /** What groups them. */
  title: string;
  groups: readonly Group[];
  /** Of each point the place in `groups`; `groups.length`: it is in none of them. */
  groupOf: Uint8Array;
  /** What the others are called, and how many there are. */
  rest: Group;
}

export interface Group {
  name: string;
  count: number;
}

export interface NumberScale {
  kind: 'scale';
  title: string;
  least: number;
  most: number;
  /** NaN: it has none. */
  values: Float64Array;
}

/** Values that are few enough to be names, even if they are numbers: stars, ratings, years of a decade. */
const FEW_VALUES = 8;

/** How a column colors the points. Numbers become a scale; all else groups, the most frequent first. @param cells one for each point. */
export function colorByColumn(title: string, cells: readonly string[], mostGroups: number): Coloring {
  const counts = new Map<string, number>();
  for (const cell of cells) counts.set(cell.trim(), (counts.get(cell.trim()) ?? 0) + 1);
  const withoutValue = counts.get('') ?? 0;
  counts.delete('');
  const names = [...counts.keys()];
  if (names.length > FEW_VALUES && names.every((name) => Number.isFinite(Number(name)))) return scaleOf(title, cells);
  const ordered = names.sort((a, b) => (counts.get(b) as number) - (counts.get(a) as number) || compare(a, b));
  // Few numbers are easier to find in their order.
  const shown = ordered.slice(0, mostGroups);
  if (shown.every((name) => Number.isFinite(Number(name)))) shown.sort((a, b) => Number(a) - Number(b));
  const place = new Map(shown.map((name, i) => [name, i]));
  const groupOf = Uint8Array.from(cells, (cell) => place.get(cell.trim()) ?? shown.length);
  const groups = shown.map((name) => ({ name, count: counts.get(name) as number }));
  const others = names.length - shown.length;
  const rest = {
    name:
      others === 0 ? 'no value' : `${others.toLocaleString('en')} other values${withoutValue > 0 ? ', or none' : ''}`,
    count: cells.length - groups.reduce((sum, { count }) => sum + count, 0),
  };
  return { kind: 'groups', title, groups, groupOf, rest };
}

/** How clusters color the points. @param names of each cluster. */
export function colorByCluster(
  clusters: { clusterOf: Uint8Array; sizes: readonly number[] },
  names: readonly string[],
): Groups {
  const groups = clusters.sizes.map((count, i) => ({ name: names[i] ?? '', count }));
  const rest = { name: 'none', count: 0 };
  return {
    kind: 'groups',
    title: groups.length === 1 ? '1 cluster' : `${groups.length} clusters`,
    groups,
    groupOf: clusters.clusterOf,
    rest,
  };
}

function scaleOf(title: string, cells: readonly string[]): NumberScale {
  const values = Float64Array.from(cells, (cell) => (cell.trim() === '' ? Number.NaN : Number(cell)));
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { kind: 'scale', title, least, most, values };
}

/** The same in every browser and language. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
