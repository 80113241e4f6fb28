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
