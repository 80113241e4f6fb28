import { HotvecError } from '../../errors.ts';

/** What fails when an input of a request does: the request, or that input alone. */
export type OnError = 'fail' | 'partial';

/**
 * Does what concerns one input alone.
 * @returns with `partial`, in place of the result, the error that it threw.
 * @throws with `fail` whatever it throws; with `partial` what is no HotvecError: a defect is nobody's input.
 */
export function attempt<Result>(onError: OnError, work: () => Result): Result | HotvecError {
  try {
    return work();
  } catch (error) {
    if (onError === 'fail' || !(error instanceof HotvecError)) throw error;
    return error;
  }
}
