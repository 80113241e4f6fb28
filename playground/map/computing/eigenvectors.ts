/** Sweeps after which a matrix of this size is always diagonal to the last bit or so. */
const SWEEPS = 30;

/**
 * Of a small symmetric matrix, by Jacobi's rotations.
 * @returns values by falling size, and for each its unit vector.
 */
export function eigenvectors(symmetric: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const size = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const vectors = a.map((_, i) => a.map((_, j) => (i === j ? 1 : 0)));
  const at = (i: number, j: number) => a[i]?.[j] as number;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rest = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        rest += at(p, q) ** 2;
        if (at(p, q) !== 0) rotate(p, q);
      }
    }
    if (rest === 0) break;
  }
  const order = a.map((_, i) => i).sort((i, j) => at(j, j) - at(i, i));
  return { values: order.map((i) => at(i, i)), vectors: order.map((i) => vectors[i] as number[]) };

  /** Makes the entry at p, q zero. */
  function rotate(p: number, q: number): void {
    const theta = (at(q, q) - at(p, p)) / (2 * at(p, q));
    const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
    const cosine = 1 / Math.sqrt(tangent * tangent + 1);
    const sine = tangent * cosine;
    for (const row of a) mix(row, p, q, cosine, sine);
    mixRows(a, p, q, cosine, sine);
    mixRows(vectors, p, q, cosine, sine);
    // What the rotation is for; rounding would leave a little of it.
    (a[p] as number[])[q] = 0;
    (a[q] as number[])[p] = 0;
  }
}

function mix(row: number[], p: number, q: number, cosine: number, sine: number): void {
  const atP = row[p] as number;
  const atQ = row[q] as number;
  row[p] = cosine * atP - sine * atQ;
  row[q] = sine * atP + cosine * atQ;
}

function mixRows(rows: number[][], p: number, q: number, cosine: number, sine: number): void {
  const rowP = rows[p] as number[];
  const rowQ = rows[q] as number[];
  rows[p] = rowP.map((value, i) => cosine * value - sine * (rowQ[i] as number));
  rows[q] = rowQ.map((value, i) => sine * (rowP[i] as number) + cosine * value);
}
