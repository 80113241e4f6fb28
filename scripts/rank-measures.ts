/** Spearman's rank correlation; equal values share the mean of their ranks. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  let product = 0;
  let squaresX = 0;
  let squaresY = 0;
  for (let i = 0; i < a.length; i++) {
    const [dx, dy] = [(x[i] as number) - mean, (y[i] as number) - mean];
    product += dx * dy;
    squaresX += dx * dx;
    squaresY += dy * dy;
  }
  return product / Math.sqrt(squaresX * squaresY);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((value, i) => ({ value, i })).sort((a, b) => a.value - b.value);
  const result: number[] = [];
  for (let first = 0; first < order.length; ) {
    let end = first;
    while (end < order.length && order[end]?.value === order[first]?.value) end++;
    for (let i = first; i < end; i++) result[order[i]?.i as number] = (first + end - 1) / 2;
    first = end;
  }
  return result;
}

/** Normalized discounted cumulative gain of the first ten, each relevant or not (Järvelin and Kekäläinen 2002). */
export function ndcgAt10(ranked: readonly string[], relevant: ReadonlySet<string>): number {
  const gain = (isRelevant: (i: number) => boolean) =>
    Array.from({ length: 10 }, (_, i) => (isRelevant(i) ? 1 / Math.log2(i + 2) : 0)).reduce((sum, one) => sum + one, 0);
  return gain((i) => relevant.has(ranked[i] ?? '')) / gain((i) => i < relevant.size);
}
