/** Of each row the column with the largest score; of equal scores the first. -1: the row has none yet. */
export function bestColumns(scores: readonly (readonly (number | null)[])[]): number[] {
  return scores.map((row) => {
    let best = -1;
    for (const [column, score] of row.entries()) {
      if (score !== null && (best < 0 || score > (row[best] as number))) best = column;
    }
    return best;
  });
}

/** Rows whose best columns differ, where both have one. */
export function disagreements(a: readonly number[], b: readonly number[]): number[] {
  return a.flatMap((best, row) => {
    const other = b[row] ?? -1;
    return best >= 0 && other >= 0 && best !== other ? [row] : [];
  });
}

/** The place of a column in its row, best first, counted from 1; of equal scores the first column comes first. */
export function rankIn(row: readonly (number | null)[], column: number): number {
  const score = row[column] ?? Number.NEGATIVE_INFINITY;
  return 1 + row.filter((other, i) => other !== null && (other > score || (other === score && i < column))).length;
}
