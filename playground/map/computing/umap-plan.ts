/** How UMAP draws so many texts: with fewer neighbors and epochs the more there are, so that it ends within a minute. */
export function umapPlan(count: number): { neighbors: number; epochs: number } {
  if (count <= 2500) return { neighbors: Math.min(15, count - 1), epochs: 400 };
  if (count <= 10_000) return { neighbors: 15, epochs: 200 };
  return { neighbors: 10, epochs: 120 };
}

/** Fewer have no neighborhoods to speak of. */
export const FEWEST_FOR_UMAP = 4;
