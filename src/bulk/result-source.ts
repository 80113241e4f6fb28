import type { ErrorCode } from '../errors.ts';

/** The texts of a row: one to be embedded, or a pair. */
export type Item = readonly string[];

/** Why a row has no result. Its message does not quote the text. */
export interface RowError {
  code: ErrorCode;
  message: string;
}

/** What is computed of an item: a vector that is not quantized yet, or a score. */
export type Result = Float32Array | number | RowError;

export interface ComputedItems {
  /** One an item, same order. */
  results: readonly Result[];
  /** Of all items as the model read them; those that failed are not counted. */
  tokens: number;
}

/** What the results of a run have in common. A run is continued only with the same. */
export interface SourceFacts {
  model: string;
  /** See model-files/fingerprint.ts. */
  fingerprint: string;
  /** Execution provider; null: that of servers, which do not tell. */
  device: string | null;
  /** Components of a vector; null: results are scores. */
  dimensions: number | null;
  /** Whether each vector has length one. */
  isUnit: boolean;
}

/** How a source is kept full: as many calls at once, each with about so many tokens. It may change at any time. */
export interface SourceLoad {
  calls: number;
  tokensPerCall: number;
  /** Tokens that are sorted by length together, and written together: about a second's, or a few batches'. */
  tokensPerWindow: number;
}

/** What computes results: an engine of this process's own, or servers. */
export interface ResultSource {
  readonly facts: SourceFacts;
  /** What should be neighbors in a call: texts of like length, or pairs with the same first text, most of which is computed once. */
  readonly neighbors: 'like_length' | 'same_first';
  readonly load: SourceLoad;
  /**
   * Computes items, however long that takes: what fails for a while is tried again. A result does not depend on what else
   * is in the call.
   * @throws {StartError} nothing can be computed any more; the signal's reason.
   */
  compute: (items: readonly Item[], signal: AbortSignal) => Promise<ComputedItems>;
  close: () => Promise<void>;
}

export function isRowError(result: Result): result is RowError {
  return typeof result === 'object' && 'code' in result;
}
