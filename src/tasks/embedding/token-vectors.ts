import { setImmediate } from 'node:timers/promises';
import { HotvecError } from '../../errors.ts';

/**
 * Numbers in the token vectors of one request: 16 MiB as float32, some 50 MiB as text. Of a model with 1,024 components
 * they are 4,096 tokens.
 */
export const MAX_TOKEN_NUMBERS = 2 ** 22;
/** Numbers looked at between two yields: a millisecond or so. */
const NUMBERS_PER_SLICE = 1_000_000;

/** @throws {HotvecError} too_many_tokens, before anything is computed. */
export function checkTokenNumbers(tokens: number, rowSize: number): void {
  const most = Math.floor(MAX_TOKEN_NUMBERS / rowSize);
  if (tokens <= most) return;
  throw new HotvecError(
    'too_many_tokens',
    `The request has ${tokens} tokens; the limit for token vectors is ${most} per request. Send fewer inputs at a time.`,
  );
}

/**
 * The matrices as they are.
 * @throws {HotvecError} non_finite_output. A client gets an error, never a NaN.
 */
export async function checkedMatrices(matrices: readonly Float32Array[]): Promise<readonly Float32Array[]> {
  for (const matrix of matrices) {
    for (let start = 0; start < matrix.length; start += NUMBERS_PER_SLICE) {
      if (!matrix.subarray(start, start + NUMBERS_PER_SLICE).every(Number.isFinite)) {
        throw new HotvecError(
          'non_finite_output',
          'The model produced a non-finite vector for a token of this request.',
        );
      }
      await setImmediate();
    }
  }
  return matrices;
}
