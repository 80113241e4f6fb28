/** Measures a batch while it is formed, in whatever the engine's cost is: unique tokens, padded tokens. */
export interface BatchMeter {
  /** Whether the batch stays within its budget, or within `part` of it, with `tokenIds` added. */
  fits(tokenIds: Int32Array, part?: number): boolean;
  add(tokenIds: Int32Array): void;
}
