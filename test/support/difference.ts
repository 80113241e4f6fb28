/** Largest absolute difference of two number lists of the same length; NaN where either has one. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

export function normalized(row: ArrayLike<number>): number[] {
  const values = Array.from(row);
  const norm = Math.hypot(...values);
  return values.map((value) => value / norm);
}
