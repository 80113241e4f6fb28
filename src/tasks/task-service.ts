import type { HotvecError } from '../errors.ts';
import type { WeightKind } from '../model-files/manifest.ts';

/** What is known of a served model, whatever it answers. */
export interface ModelFacts {
  name: string;
  /** Components of what the engine gives for a sequence. */
  rowSize: number;
  maxInputTokens: number;
  maxRequestTokens: number;
  vocabularySize: number;
  /** What its weights are computed from. */
  weights: WeightKind;
  /** null until the engine is ready. */
  dtype: string | null;
  /** Execution provider in use; null until the engine is ready. */
  device: string | null;
  revision: string | null;
  /** See model-files/fingerprint.ts; null until it is computed. */
  fingerprint: string | null;
  /** Most tokens of a batch of several inputs; null until it is measured. */
  batchTokens: number | null;
  /** Size of the files that the weights were read from; null until the engine is ready. */
  weightBytes: number | null;
}

/** What only a start finds out. */
export type StartFacts = Pick<ModelFacts, 'dtype' | 'device' | 'fingerprint' | 'batchTokens' | 'weightBytes'>;

/** What every task's service is to those who only ask how it is. */
export interface TaskService {
  readonly model: ModelFacts;
  /** Nothing will be computed any more, whatever comes: only another process can serve. */
  readonly isGivenUp: boolean;
  /** Why a request would not be computed now: the error it would get. undefined: it would be. */
  readonly refusal: HotvecError | undefined;
}
