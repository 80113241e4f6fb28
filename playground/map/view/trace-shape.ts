import type { Shape } from '../coloring/palette.ts';

/** How far a diamond reaches that has the area of a circle. */
export const DIAMOND_REACH = Math.sqrt(Math.PI / 2);

/** Makes a path around the origin, with the area of a circle of that radius. */
export function traceShape(context: CanvasRenderingContext2D, shape: Shape, radius: number): void {
  context.beginPath();
  if (shape === 'circle') {
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    return;
  }
  const reach = radius * DIAMOND_REACH;
  context.moveTo(0, -reach);
  context.lineTo(reach, 0);
  context.lineTo(0, reach);
  context.lineTo(-reach, 0);
  context.closePath();
}
