export type Theme = 'light' | 'dark';
export type Shape = 'circle' | 'diamond';

/** How far a diamond reaches that has the area of a circle. */
export const DIAMOND_REACH = Math.sqrt(Math.PI / 2);

/** How a point looks. */
export interface PointStyle {
  color: string;
  shape: Shape;
}

/**
 * Eight colors for each ground, chosen by search: the least alike two stay 25 apart in CIELAB for people without one of the three cones,
 * where the palettes that are usually taken fall to 13 to 17; and each has a contrast of 3 or more with its ground
 * (docs/decisions/0130-the-map.md, test/playground/map-palette.test.ts).
 */
export const groupColors: Readonly<Record<Theme, readonly string[]>> = {
  light: ['#7d7df9', '#a20a01', '#1da871', '#959609', '#d35bb1', '#255f62', '#3b0f67', '#540f22'],
  dark: ['#488bfb', '#d44f13', '#54dd7d', '#f6f852', '#a840a2', '#667953', '#bfa2c6', '#c7fce8'],
};

/** From the least value to the largest, even lightness: a part of viridis that is seen on the ground. */
export const scaleColors: Readonly<Record<Theme, readonly string[]>> = {
  light: ['#440154', '#414487', '#2a788e', '#1fa07d'],
  dark: ['#6a6fc0', '#2a9fa8', '#5fd35f', '#fde725'],
};

/** Of what has no group or value, and of all where nothing colors them. */
export const plainColors: Readonly<Record<Theme, { none: string; all: string }>> = {
  light: { none: '#8a8d91', all: '#a8320f' },
  dark: { none: '#8b9097', all: '#ff9a70' },
};

/** Groups that look different: the colors as circles, then as diamonds. */
export const MOST_GROUPS = 2 * groupColors.light.length;

export function groupStyle(group: number, theme: Theme): PointStyle {
  const colors = groupColors[theme];
  return {
    color: colors[group % colors.length] as string,
    shape: group < colors.length ? 'circle' : 'diamond',
  };
}
