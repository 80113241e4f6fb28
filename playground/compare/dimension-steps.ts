/** Sizes of vectors that a slider stops at, smallest first; one of them: there is nothing to choose. */
export interface DimensionFacts {
  dimensions?: number;
  min_dimensions?: number;
  is_matryoshka?: boolean;
  matryoshka_dimensions?: readonly number[] | null;
}

/** Between the smallest and the largest where the model names no sizes. */
const STEP = 8;

/** The sizes that the model was trained for, or else steps of 8, and the native one. */
export function dimensionSteps(model: DimensionFacts): number[] {
  const { dimensions: most = 0, min_dimensions: least = most, is_matryoshka = false } = model;
  if (!is_matryoshka) return [most];
  const named = (model.matryoshka_dimensions ?? []).filter((size) => size >= least && size < most);
  if (named.length > 0) return [...named, most];
  const steps: number[] = [];
  for (let size = least; size < most; size += STEP) steps.push(size);
  return [...steps, most];
}

/** The stop that is nearest to a size. */
export function nearestStep(steps: readonly number[], size: number): number {
  return steps.reduce(
    (best, step, i) => (Math.abs(step - size) < Math.abs((steps[best] as number) - size) ? i : best),
    0,
  );
}
