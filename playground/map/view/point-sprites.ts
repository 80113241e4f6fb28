import type { Appearance } from '../coloring/appearance.ts';
import type { Shape } from '../coloring/palette.ts';

/** One style's picture, drawn once and then copied for each point: ten times as fast as drawing circles. */
export type Sprite = HTMLCanvasElement;

/** @param radius in pixels of the canvas. @param ring color around each point, which parts points that overlap. */
export function pointSprites({ styles }: Appearance, radius: number, ring: string): Sprite[] {
  return styles.map(({ color, shape }) => {
    const sprite = document.createElement('canvas');
    const half = Math.ceil(radius + 1);
    sprite.width = 2 * half;
    sprite.height = 2 * half;
    const context = sprite.getContext('2d') as CanvasRenderingContext2D;
    context.translate(half, half);
    drawShape(context, shape, radius);
    context.fillStyle = color;
    context.fill();
    if (radius > 3) {
      context.strokeStyle = ring;
      context.stroke();
    }
    return sprite;
  });
}

/** Around the origin, with the area of a circle of that radius. */
export function drawShape(context: CanvasRenderingContext2D, shape: Shape, radius: number): void {
  context.beginPath();
  if (shape === 'circle') {
    context.arc(0, 0, radius, 0, 2 * Math.PI);
    return;
  }
  const reach = radius * Math.sqrt(Math.PI / 2);
  context.moveTo(0, -reach);
  context.lineTo(reach, 0);
  context.lineTo(0, reach);
  context.lineTo(-reach, 0);
  context.closePath();
}
