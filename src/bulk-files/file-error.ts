import { StartError } from '../errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it is not there',
  EACCES: 'this user has no access',
  EPERM: 'this user has no permission',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than the disk or the limit of this process allows',
  EIO: 'the disk fails',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links go in a circle',
  EMFILE: 'the limit on open files is too low',
  ENFILE: 'too many files are open on this machine',
};

/**
 * What went wrong with a file of rows, as one line that names it.
 * @returns the error itself, if it is none of the file system.
 */
export function fileError(error: unknown, file: string, verb: 'read' | 'written'): unknown {
  if (error instanceof StartError || !(error instanceof Error)) return error;
  const { code = '' } = error as NodeJS.ErrnoException;
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  if (reason === undefined) return error;
  if (verb === 'written' && code === 'ENOENT')
    return new StartError(`${file} cannot be written: its folder is not there.`);
  return new StartError(`${file} cannot be ${verb}: ${reason} (${code}).`);
}
