import { messageOf, StartError } from '../../errors.ts';

/** A failure of the disk as the line that says what to do; anything else as it is. */
export function explainDiskError(error: unknown, folder: string): unknown {
  switch ((error as NodeJS.ErrnoException | null)?.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new StartError(
        `The disk of ${folder} is full. Free some space, or set HF_HOME to a folder on another disk; downloaded data is kept.`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new StartError(
        `${folder} is not writable (${messageOf(error)}). Set HF_HOME to a folder that this user can write to.`,
      );
    case 'ENAMETOOLONG':
      return new StartError(
        `A file name in the model is too long for the disk of ${folder} (ENAMETOOLONG). Choose another model.`,
      );
    default:
      // Whatever else a disk can say: still one line, and no stack.
      if ((error as NodeJS.ErrnoException | null)?.syscall === undefined) return error;
      return new StartError(`${folder} cannot be used (${messageOf(error)}). Set HF_HOME to another folder.`);
  }
}
