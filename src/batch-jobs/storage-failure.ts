import { HotvecError } from '../errors.ts';

/** Codes of a place that takes nothing now, and may again: full, read-only, failing. */
const STORAGE_CODES = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EROFS',
  'EIO',
  'EACCES',
  'EPERM',
  'ENOENT',
  'EMFILE',
  'ENFILE',
  // Of our own: the operator's limit.
  'BATCH_MAX_STORED_BYTES',
]);

/** Why something could not be stored, by the code of the file system; undefined for errors of another kind. */
export function storageFailure(error: unknown): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && STORAGE_CODES.has(code) ? code : undefined;
}

/** An error of the file system as the client is told it: which, but not where. */
export function asRefusal(error: unknown): unknown {
  const failure = storageFailure(error);
  if (failure === undefined) return error;
  return new HotvecError('insufficient_storage', `The server cannot store anything now (${failure}).`);
}
