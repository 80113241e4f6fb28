/** A score in few characters, for a cell: three decimals, or fewer digits of what is larger or much smaller. */
export function formatScore(score: number): string {
  return digitsOf(score).replaceAll('-', '−');
}

function digitsOf(score: number): string {
  const size = Math.abs(score);
  if (size >= 1000) return score.toExponential(1).replace('e+', 'e');
  if (size >= 100) return score.toFixed(0);
  if (size >= 10) return score.toFixed(1);
  return size >= 0.001 || size === 0 ? score.toFixed(3) : score.toExponential(1);
}

/**
 * What stands at a tick of a scale, with as many digits as tell it from its neighbors.
 * @param ticks how many the scale has, more or less: they are 1, 2 or 5 times a power of ten apart.
 */
export function formatTick(tick: number, [least, most]: readonly [number, number], ticks: number): string {
  const power = Math.floor(Math.log10((most - least) / ticks));
  const size = Math.max(Math.abs(least), Math.abs(most));
  const isPlain = tick === 0 || (size >= 0.001 && size < 10_000);
  const digits = isPlain ? -power : Math.floor(Math.log10(Math.abs(tick))) - power;
  const text = isPlain ? tick.toFixed(Math.max(0, digits)) : tick.toExponential(Math.max(0, digits));
  return (tick === 0 ? '0' : text.replace('e+', 'e')).replaceAll('-', '−');
}
