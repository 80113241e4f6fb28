import type { Engine } from '../engine/engine.ts';
import { HotvecError } from '../errors.ts';
import { restartRetry } from './admission.ts';

// How a request ends that has no rows, in the words its client reads.

export function abandoned(): HotvecError {
  return new HotvecError('client_closed_request', 'The client went away before the answer.');
}

export function tooLate(): HotvecError {
  return new HotvecError('deadline_exceeded', 'The deadline passed before the request was computed.');
}

export function engineLost(engine: Pick<Engine, 'info'>, cause: unknown): HotvecError {
  return new HotvecError('engine_restarting', 'The inference engine was lost while it computed this request.', {
    retryAfterMs: restartRetry(engine),
    cause,
  });
}

export function notComputed(cause: unknown): HotvecError {
  return new HotvecError('inference_failed', 'The inference engine could not compute this request.', { cause });
}
