import type { Layout } from '../layout.ts';
import { onScreen, type Viewport } from './viewport.ts';

export interface Marks {
  layout: Layout;
  viewport: Viewport;
  /** The point whose neighbors are shown; null: none. */
  chosen: number | null;
  neighbors: readonly number[];
  /** The point that is pointed at, or that the keyboard is at; null: none. */
  pointed: number | null;
  radius: number;
  color: string;
  ground: string;
}

/** Draws lines from the chosen point to its neighbors, and rings around them; in CSS pixels. */
export function drawMarks(context: CanvasRenderingContext2D, marks: Marks): void {
  const { layout, viewport, chosen, neighbors, pointed, radius, color, ground } = marks;
  const place = (point: number) => onScreen(layout, viewport, point);
  context.strokeStyle = color;
  if (chosen !== null) {
    context.globalAlpha = 0.7;
    context.lineWidth = 1.25;
    context.beginPath();
    for (const neighbor of neighbors) line(place(chosen), place(neighbor));
    context.stroke();
    context.globalAlpha = 1;
    for (const neighbor of neighbors) ring(neighbor, radius + 2, 1.5);
    ring(chosen, radius + 4, 3);
  }
  if (pointed !== null) ring(pointed, radius + 4, 2.5);

  /** From ring to ring. */
  function line([fromX, fromY]: readonly [number, number], [toX, toY]: readonly [number, number]): void {
    const length = Math.hypot(toX - fromX, toY - fromY);
    const start = (radius + 4) / length;
    const end = 1 - (radius + 2) / length;
    if (start >= end) return;
    context.moveTo(fromX + start * (toX - fromX), fromY + start * (toY - fromY));
    context.lineTo(fromX + end * (toX - fromX), fromY + end * (toY - fromY));
  }

  /** With a second ring in the color of the ground, so that it is seen on points of any color. */
  function ring(point: number, size: number, thickness: number): void {
    const [x, y] = place(point);
    for (const [style, width] of [
      [ground, thickness + 2.5],
      [color, thickness],
    ] as const) {
      context.beginPath();
      context.arc(x, y, size, 0, 2 * Math.PI);
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
    context.strokeStyle = color;
  }
}
