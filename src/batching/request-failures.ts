import { HotvecError } from '../errors.ts';

// How a request ends that has no rows, in the words its client reads.

export function abandoned(): HotvecError {
  return new HotvecError('client_closed_request', 'The client went away before the answer.');
}

export function tooLate(): HotvecError {
  return new HotvecError('deadline_exceeded', 'The deadline passed before the request was computed.');
}

/** `cause` is left out where it was told before. */
export function poisoned(cause?: unknown): HotvecError {
  const message =
    'The inference engine is lost whenever it computes an input of this request; for a while it is not tried again.';
  return new HotvecError('inference_failed', message, { cause });
}

export function notComputed(cause: unknown): HotvecError {
  return new HotvecError('inference_failed', 'The inference engine could not compute an input of this request.', {
    cause,
  });
}
