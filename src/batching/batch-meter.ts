/** Measures a batch while it is formed, in whatever the engine's cost is: unique tokens, padded tokens. */
export interface BatchMeter {
  /** Whether the batch stays within its budget with `tokenIds` added. */
  fits(tokenIds: Int32Array): boolean;
  add(tokenIds: Int32Array): void;
}
