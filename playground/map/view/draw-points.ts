import { rgb } from 'd3-color';
import type { Appearance } from '../coloring/appearance.ts';
import type { Layout } from '../layout.ts';
import { makeStamp, type Rgb, type Stamp } from './stamp.ts';
import type { Viewport } from './viewport.ts';

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
  /** As CSS has it. */
  ground: string;
}

/** As an `ImageData` has them. */
export interface Pixels {
  data: Uint8ClampedArray;
  width: number;
  height: number;
}

const FADED = 0.12;
/** Radius of a point that has a ring; smaller ones are too many. */
const LEAST_WITH_RING = 3;

/** Points overlap less the fewer pixels each has; zooming in makes them larger, slowly. */
export function pointRadius(count: number, zoom: number): number {
  const radius = count <= 300 ? 6 : count <= 3000 ? 4 : 2.2;
  return radius * Math.min(3, zoom ** 0.35);
}

/**
 * Draws all points into the pixels of a picture, those that stand out last. Stamping pixels takes 20,000 points 3 ms, and what a canvas
 * offers for circles and copies 23 to 40 ms (docs/decisions/0130-the-map.md).
 * @param image of the picture's size, times its density; what it had is gone.
 */
export function drawPoints(image: Pixels, picture: Picture): void {
  const { layout, viewport, appearance, emphasized, density } = picture;
  const { styleOf } = appearance;
  const ground = channels(picture.ground);
  // In memory red comes first: every processor that has a browser puts the lowest byte there.
  const pixels = new Uint32Array(image.data.buffer);
  pixels.fill(packed(ground));
  const stamps = appearance.styles.map(({ color, shape }, style) =>
    makeStamp({
      style: { color: channels(color), shape },
      radius: picture.radius * density,
      ring: picture.radius < LEAST_WITH_RING ? 0 : density,
      ground,
      opacity: emphasized === null || emphasized === style ? 1 : FADED,
    }),
  );
  const { positions } = layout;
  const draw = (isDrawn: (style: number) => boolean) => {
    for (let point = 0; 2 * point < positions.length; point++) {
      const style = styleOf === null ? 0 : (styleOf[point] as number);
      if (!isDrawn(style)) continue;
      const x = Math.round(((positions[2 * point] as number) * viewport.scale + viewport.left) * density);
      const y = Math.round(((positions[2 * point + 1] as number) * viewport.scale + viewport.top) * density);
      press(stamps[style] as Stamp, { pixels, width: image.width, height: image.height, x, y });
    }
  };
  draw((style) => style !== emphasized);
  if (emphasized !== null) draw((style) => style === emphasized);
}

interface Place {
  pixels: Uint32Array;
  width: number;
  height: number;
  x: number;
  y: number;
}

function press({ half, size, keep, add }: Stamp, { pixels, width, height, x, y }: Place): void {
  const left = Math.max(0, x - half);
  const right = Math.min(width - 1, x + half);
  const bottom = Math.min(height - 1, y + half);
  for (let row = Math.max(0, y - half); row <= bottom; row++) {
    let from = (row - y + half) * size + (left - x + half);
    for (let at = row * width + left; at <= row * width + right; at++, from++) {
      const kept = keep[from] as number;
      if (kept === 256) continue;
      let red = add[3 * from] as number;
      let green = add[3 * from + 1] as number;
      let blue = add[3 * from + 2] as number;
      if (kept > 0) {
        const old = pixels[at] as number;
        red = Math.min(255, red + (((old & 255) * kept + 128) >> 8));
        green = Math.min(255, green + ((((old >> 8) & 255) * kept + 128) >> 8));
        blue = Math.min(255, blue + ((((old >> 16) & 255) * kept + 128) >> 8));
      }
      pixels[at] = (255 << 24) | (blue << 16) | (green << 8) | red;
    }
  }
}

function packed([red, green, blue]: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

function channels(color: string): Rgb {
  const { r, g, b } = rgb(color);
  return [Math.round(r), Math.round(g), Math.round(b)];
}
