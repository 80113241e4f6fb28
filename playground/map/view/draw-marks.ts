import type { Layout } from '../layout.ts';
import { onScreen, type Viewport } from './viewport.ts';

export interface MarkedPoints {
  /** What was searched for, the nearest first; each has its number. */
  hits: readonly { point: number; rank: number }[];
  /** The point whose neighbors are shown; null: none. */
  chosen: number | null;
  neighbors: readonly number[];
  /** The point that is pointed at, or that the keyboard is at; null: none. */
  pointed: number | null;
}

const HIT_FONT_PX = 13;

/** Where the points are, and how marks look beside them. */
interface MarkStyle {
  layout: Layout;
  viewport: Viewport;
  radius: number;
  color: string;
  ground: string;
  fontFamily: string;
}

/** Draws lines from the chosen point to its neighbors, rings around them, and numbers beside hits; in CSS pixels. */
export function drawMarks(context: CanvasRenderingContext2D, marked: MarkedPoints, style: MarkStyle): void {
  const { hits, chosen, neighbors, pointed } = marked;
  const { layout, viewport, radius, color, ground, fontFamily } = style;
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
  for (const { point } of hits) ring(point, radius + 2, 2);
  // The nearest is seen where numbers overlap.
  for (const { point, rank } of hits.toReversed()) number(point, rank);

  /** From ring to ring. */
  function line([fromX, fromY]: readonly [number, number], [toX, toY]: readonly [number, number]): void {
    const length = Math.hypot(toX - fromX, toY - fromY);
    const start = (radius + 4) / length;
    const end = 1 - (radius + 2) / length;
    if (start >= end) return;
    context.moveTo(fromX + start * (toX - fromX), fromY + start * (toY - fromY));
    context.lineTo(fromX + end * (toX - fromX), fromY + end * (toY - fromY));
  }

  /** Above the point at the right, on a seam in the color of the ground. */
  function number(point: number, rank: number): void {
    const [x, y] = place(point);
    const at = [x + 0.7 * (radius + 3), y - 0.7 * (radius + 3)] as const;
    context.font = `700 ${HIT_FONT_PX}px ${fontFamily}`;
    context.textAlign = 'left';
    context.textBaseline = 'bottom';
    context.lineJoin = 'round';
    context.lineWidth = 4;
    context.strokeStyle = ground;
    context.strokeText(String(rank), ...at);
    context.fillStyle = color;
    context.fillText(String(rank), ...at);
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
