import type { Layout } from '../layout.ts';

/** How a layout lies on the screen: `x * scale + left`, in CSS pixels. */
export interface Viewport {
  scale: number;
  left: number;
  top: number;
}

/** As d3-zoom has it. */
export interface Zoom {
  k: number;
  x: number;
  y: number;
}

const MARGIN = 28;

/** The whole layout in the middle, then zoomed. */
export function viewportOf({ halfWidth, halfHeight }: Layout, width: number, height: number, zoom: Zoom): Viewport {
  const fit = Math.min(
    Math.max(1, width / 2 - MARGIN) / Math.max(halfWidth, 1e-6),
    Math.max(1, height / 2 - MARGIN) / Math.max(halfHeight, 1e-6),
  );
  return { scale: fit * zoom.k, left: (width / 2) * zoom.k + zoom.x, top: (height / 2) * zoom.k + zoom.y };
}

/** Where a point is, in CSS pixels. */
export function onScreen({ positions }: Layout, { scale, left, top }: Viewport, point: number): [number, number] {
  return [(positions[2 * point] as number) * scale + left, (positions[2 * point + 1] as number) * scale + top];
}

/** The point nearest to a place, at most `reach` pixels from it; null: there is none. */
export function pointAt(layout: Layout, viewport: Viewport, { x, y, reach }: { x: number; y: number; reach: number }) {
  const { positions } = layout;
  const { scale, left, top } = viewport;
  let nearest: number | null = null;
  let least = reach * reach;
  for (let point = 0; 2 * point < positions.length; point++) {
    const dx = (positions[2 * point] as number) * scale + left - x;
    const dy = (positions[2 * point + 1] as number) * scale + top - y;
    const squared = dx * dx + dy * dy;
    if (squared <= least) {
      least = squared;
      nearest = point;
    }
  }
  return nearest;
}

export type Direction = 'left' | 'right' | 'up' | 'down';
const STEPS: Record<Direction, readonly [number, number]> = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] };

/**
 * Where an arrow key leads from a point: to the nearest one within 45 degrees of its direction; what is aside counts double.
 * @returns null: there is none.
 */
export function neighborTowards({ positions }: Layout, from: number, direction: Direction): number | null {
  const [stepX, stepY] = STEPS[direction];
  let best: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let point = 0; 2 * point < positions.length; point++) {
    const dx = (positions[2 * point] as number) - (positions[2 * from] as number);
    const dy = (positions[2 * point + 1] as number) - (positions[2 * from + 1] as number);
    const ahead = dx * stepX + dy * stepY;
    const aside = Math.abs(dx * stepY) + Math.abs(dy * stepX);
    if (ahead <= 0 || aside > ahead) continue;
    const cost = ahead + 2 * aside;
    if (cost < least) {
      least = cost;
      best = point;
    }
  }
  return best;
}
