import { DIAMOND_REACH, type PointStyle, type Shape } from '../coloring/palette.ts';

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/** A point of one style as pixels: what of the picture stays below each, and what is added. */
export interface Stamp {
  /** Pixels to the left of the middle, and above. */
  half: number;
  size: number;
  /** [size, size]: 256: all of what is there stays; 0: nothing. */
  keep: Uint16Array;
  /** [size, size, 3]: red, green and blue to add. */
  add: Uint8Array;
}

interface Options {
  style: Pick<PointStyle, 'shape'> & { color: Rgb };
  /** In pixels. */
  radius: number;
  /** Around it, in the color of the ground: it parts points that overlap. */
  ring: number;
  ground: Rgb;
  /** 1: nothing shines through. */
  opacity: number;
}

export function makeStamp({ style: { color, shape }, radius, ring, ground, opacity }: Options): Stamp {
  const half = Math.ceil((radius + ring) * (shape === 'circle' ? 1 : DIAMOND_REACH));
  const size = 2 * half + 1;
  const keep = new Uint16Array(size * size);
  const add = new Uint8Array(3 * size * size);
  for (let y = -half; y <= half; y++) {
    for (let x = -half; x <= half; x++) {
      const at = (y + half) * size + (x + half);
      const inside = opacity * coverage(shape, radius, x, y);
      const around = opacity * coverage(shape, radius + ring, x, y) * (1 - inside);
      keep[at] = Math.round(256 * (1 - inside - around));
      for (let channel = 0; channel < 3; channel++) {
        const light = inside * (color[channel] as number) + around * (ground[channel] as number);
        add[3 * at + channel] = Math.round(light);
      }
    }
  }
  return { half, size, keep, add };
}

/** The part of a pixel that is within the shape, by how far its middle is from the edge. */
function coverage(shape: Shape, radius: number, x: number, y: number): number {
  const inside =
    shape === 'circle' ? radius - Math.hypot(x, y) : (radius * DIAMOND_REACH - Math.abs(x) - Math.abs(y)) / Math.SQRT2;
  return Math.min(1, Math.max(0, inside + 0.5));
}
