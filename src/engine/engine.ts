import type { Batch, BatchResult, EngineInfo } from './protocol.ts';

/**
 * `starting`: first load; nothing was served yet. `ready`: loaded, warm, canary passed. `checking`: batches failed one
 * after the other, the canary is run again. `restarting`: the process was lost or killed, another one is being started.
 * `failed`: given up. `closed`: shut down on request.
 */
export type EngineState = 'starting' | 'ready' | 'checking' | 'restarting' | 'failed' | 'closed';

/** The process died, hung or was closed before the batch was answered; the batch may be sent again. */
export class EngineLostError extends Error {
  override readonly name = 'EngineLostError';
  /** Whether the batch was being computed when the process was lost; false: it waited, and has done nothing. */
  readonly wasComputing: boolean;
  /** Whether the process had answered no batch before. */
  readonly wasFresh: boolean;

  constructor(message: string, { wasComputing = false, wasFresh = false } = {}) {
    super(message);
    this.wasComputing = wasComputing;
    this.wasFresh = wasFresh;
  }
}

/** The engine answered that it could not compute the batch. */
export class BatchFailedError extends Error {
  override readonly name = 'BatchFailedError';
}

export interface RunOptions {
  /** The batch failed before and may do so again: then the fault is the input's, and is not held against the engine. */
  isSuspect?: boolean;
}

/**
 * Computes pooled rows of batches. One process computes one after the other, in the order they were given; several
 * compute side by side.
 */
export interface Engine {
  readonly state: EngineState;
  /** Facts of the process in service; undefined until the first one is ready. */
  readonly info: EngineInfo | undefined;
  /** Processes in service: so many batches are computed at a time. 0 unless `state` is ready. */
  readonly processesReady: number;
  /** Those of them that have no batch to compute. */
  readonly processesIdle: number;
  /**
   * @returns one row a sequence, or of a sequence each token's, same order; whoever implements it has counted them.
   * @throws {EngineLostError | BatchFailedError}
   */
  run(batch: Batch, options?: RunOptions): Promise<BatchResult>;
  /** Calls `listener` at every change of state or of `processesReady`, after it took effect. */
  onStateChange(listener: (state: EngineState) => void): void;
  /** Ends every process; batches under way are rejected with EngineLostError. */
  close(): Promise<void>;
}
