/** Rows of the same length, one after the other. */
export interface Matrix {
  /** Row-major [count, dimensions]. */
  values: Float32Array;
  count: number;
  dimensions: number;
}

/**
 * Lets a long computation wait between its slices, so that others have their turn. Rejects when nobody waits for the result any more.
 * @param done the part that is done, 0 to 1, where it is known.
 */
export type Pause = (done?: number) => Promise<void>;
