/** Runs two ways of doing the same work A B B A, `rounds` times, so that a machine that drifts drifts for both. */
export async function interleave<Result>(
  rounds: number,
  runA: (turn: number) => Promise<Result>,
  runB: (turn: number) => Promise<Result>,
): Promise<{ a: Result[]; b: Result[] }[]> {
  const results: { a: Result[]; b: Result[] }[] = [];
  for (let round = 0; round < rounds; round++) {
    const first = await runA(2 * round);
    const b = [await runB(2 * round), await runB(2 * round + 1)];
    results.push({ a: [first, await runA(2 * round + 1)], b });
  }
  return results;
}
