/** Where the points of a map are; one unit is the same in both directions. */
export interface Layout {
  /** [points, 2], around zero; the second value grows downward, as on a screen. */
  positions: Float32Array;
  halfWidth: number;
  halfHeight: number;
}

/** Centered, with the farther side at 1: the same map at any size. @param positions [points, 2] */
export function fitLayout(positions: Float32Array): Layout {
  const x = extent(positions, 0);
  const y = extent(positions, 1);
  const half = Math.max(x.half, y.half) || 1;
  const fitted = new Float32Array(positions.length);
  for (let i = 0; i < positions.length; i += 2) {
    fitted[i] = ((positions[i] as number) - x.middle) / half;
    // Up is where the second component grows, as in a diagram.
    fitted[i + 1] = (y.middle - (positions[i + 1] as number)) / half;
  }
  return { positions: fitted, halfWidth: x.half / half, halfHeight: y.half / half };
}

function extent(positions: Float32Array, axis: 0 | 1): { middle: number; half: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = axis; i < positions.length; i += 2) {
    least = Math.min(least, positions[i] as number);
    most = Math.max(most, positions[i] as number);
  }
  return positions.length === 0 ? { middle: 0, half: 0 } : { middle: (least + most) / 2, half: (most - least) / 2 };
}

/** Between two layouts of the same points, or of the first ones of the second. @param part 0: from, 1: to. */
export function between(from: Layout, to: Layout, part: number): Layout {
  if (part >= 1) return to;
  const mix = (a: number, b: number) => a + (b - a) * part;
  const positions = Float32Array.from(to.positions);
  const shared = Math.min(positions.length, from.positions.length);
  for (let i = 0; i < shared; i++) positions[i] = mix(from.positions[i] as number, positions[i] as number);
  return {
    positions,
    halfWidth: mix(from.halfWidth, to.halfWidth),
    halfHeight: mix(from.halfHeight, to.halfHeight),
  };
}
