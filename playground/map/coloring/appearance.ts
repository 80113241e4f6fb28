import { scaleLinear } from 'd3-scale';
import type { Coloring } from './coloring.ts';
import { groupStyle, type PointStyle, plainColors, scaleColors, type Theme } from './palette.ts';

/** How every point looks. */
export interface Appearance {
  styles: readonly PointStyle[];
  /** Of each point the place in `styles`; left out: all have the first one. */
  styleOf: Uint8Array | null;
}

/** Colors of a scale that one cannot tell from the next. */
const STEPS = 48;

export function appearanceOf(coloring: Coloring, theme: Theme): Appearance {
  const { none, all } = plainColors[theme];
  if (coloring.kind === 'uncolored') return { styles: [{ color: all, shape: 'circle' }], styleOf: null };
  const without: PointStyle = { color: none, shape: 'circle' };
  if (coloring.kind === 'groups') {
    const styles = coloring.groups.map((_, group) => groupStyle(group, theme));
    return { styles: [...styles, without], styleOf: coloring.groupOf };
  }
  const { least, most, values } = coloring;
  const ramp = colorRamp(theme);
  const styles = Array.from(
    { length: STEPS },
    (_, step): PointStyle => ({ color: ramp(step / (STEPS - 1)), shape: 'circle' }),
  );
  const width = most - least || 1;
  const styleOf = Uint8Array.from(values, (value) =>
    Number.isNaN(value) ? STEPS : Math.round(((value - least) / width) * (STEPS - 1)),
  );
  return { styles: [...styles, without], styleOf };
}

/** Colors of a scale from 0 to 1. */
export function colorRamp(theme: Theme): (part: number) => string {
  const colors = scaleColors[theme];
  return scaleLinear<string>()
    .domain(colors.map((_, i) => i / (colors.length - 1)))
    .range(colors);
}
