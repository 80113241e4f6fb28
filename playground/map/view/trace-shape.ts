import { DIAMOND_REACH, type Shape } from '../coloring/palette.ts';

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
