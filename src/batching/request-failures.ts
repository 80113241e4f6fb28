import { HotvecError } from '../errors.ts';

// How a request ends that has no rows, in the words its client reads.

export function abandoned(): HotvecError {
  return new HotvecError('client_closed_request', 'The client disconnected before the response was ready.');
}

export function tooLate(): HotvecError {
  return new HotvecError('deadline_exceeded', 'The deadline passed before the request was computed.');
}

/** `cause` is left out where it was told before. */
export function poisoned(cause?: unknown): HotvecError {
  const message = 'An input of this request crashes the inference engine; for a while it will not be tried again.';
  return new HotvecError('inference_failed', message, { cause });
}

export function notComputed(cause: unknown): HotvecError {
  return new HotvecError('inference_failed', 'The inference engine could not compute an input of this request.', {
    cause,
  });
}
