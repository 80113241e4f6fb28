import type { Batch, EngineSettings } from '../engine/protocol.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import type { InputFailures } from './input-failures.ts';

/** What the engine computes for an input of a request. */
export interface TaskSequence {
  /** Of the input in the request. */
  position: number;
  /** Token ids as the model reads them. */
  ids: Int32Array;
}

/**
 * What a task does for one request; {@link TaskRunner} does what all tasks need. Only the task knows what a row of the
 * engine means.
 */
export interface Task<Sequence extends TaskSequence, Answer> {
  /**
   * Looks at the request as far as it costs nothing.
   * @returns tokens, no more than it will have; null: nothing is asked.
   * @throws {HotvecError} for what no model could answer.
   */
  accept(failures: InputFailures): number | null;
  /**
   * Texts → sequences: prompt, template, truncation.
   * @returns one per input that has not failed, in order.
   */
  prepare(failures: InputFailures): Promise<readonly Sequence[]>;
  /**
   * Rows → answer.
   * @param rows one a sequence, same order, empty of one without tokens; views, not to be written. Those of failed ones are left out of `failures.spare`.
   */
  finish(rows: readonly Float32Array[], sequences: readonly Sequence[], failures: InputFailures): Promise<Answer>;
}

/** How far an engine's rows are from what is known of them. */
export interface CheckReport {
  /** Lowest cosine of a vector to its reference. */
  cosine: number;
  /** Largest difference of a component of a normalized vector to its reference. */
  difference: number;
  /** Scores of known pairs, [queries][documents]; null where none are known. */
  scores: number[][] | null;
}

/** How the engine process proves that the rows it computes for a task are right. */
export interface EngineCheck {
  /** @throws {Error} when a row is off, saying by how much. Such an engine must not serve. */
  pass(
    run: (batch: Batch) => Promise<{ rows: Float32Array }>,
    manifest: ModelManifest,
    settings: Pick<EngineSettings, 'device' | 'dtype'>,
  ): Promise<CheckReport>;
  /** The longest sequence that `pass` runs; the model must be loaded for it, however short inputs are kept. */
  longestSequence(manifest: ModelManifest): number;
}
