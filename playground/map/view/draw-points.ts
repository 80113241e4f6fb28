import type { Appearance } from '../coloring/appearance.ts';
import type { Layout } from '../layout.ts';
import { pointSprites } from './point-sprites.ts';
import { onScreen, type Viewport } from './viewport.ts';

export interface Picture {
  layout: Layout;
  viewport: Viewport;
  appearance: Appearance;
  /** The style that is to stand out; null: none more than others. */
  emphasized: number | null;
  /** CSS pixels. */
  width: number;
  height: number;
  /** Pixels of the canvas for each of CSS. */
  density: number;
  /** Radius of a point in CSS pixels. */
  radius: number;
  ground: string;
}

const FADED = 0.12;

/** Points overlap less the fewer pixels each has; zooming in makes them larger, slowly. */
export function pointRadius(count: number, zoom: number): number {
  const radius = count <= 300 ? 6 : count <= 3000 ? 4 : 2.2;
  return radius * Math.min(3, zoom ** 0.35);
}

/** Draws all points that are within the picture, those that stand out last. */
export function drawPoints(context: CanvasRenderingContext2D, picture: Picture): void {
  const { layout, viewport, appearance, emphasized, density } = picture;
  const { styleOf } = appearance;
  const count = layout.positions.length / 2;
  const radius = picture.radius * density;
  const sprites = pointSprites(appearance, radius, picture.ground);
  const half = (sprites[0]?.width ?? 0) / 2;
  const width = picture.width * density;
  const height = picture.height * density;
  const dense: Viewport = {
    scale: viewport.scale * density,
    left: viewport.left * density - half,
    top: viewport.top * density - half,
  };
  const draw = (wants: (style: number) => boolean) => {
    for (let point = 0; point < count; point++) {
      const style = styleOf === null ? 0 : (styleOf[point] as number);
      if (!wants(style)) continue;
      const [x, y] = onScreen(layout, dense, point);
      if (x < -2 * half || y < -2 * half || x > width || y > height) continue;
      // At whole pixels a sprite is copied, not computed anew.
      context.drawImage(sprites[style] as HTMLCanvasElement, Math.round(x), Math.round(y));
    }
  };
  if (emphasized === null) {
    draw(() => true);
    return;
  }
  context.globalAlpha = FADED;
  draw((style) => style !== emphasized);
  context.globalAlpha = 1;
  draw((style) => style === emphasized);
}
