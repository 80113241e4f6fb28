const CODES: Record<string, (place: string) => string> = {
  EMFILE: () =>
    'The limit on open files is too low. Raise it to 1,024 or more (`ulimit -n`, LimitNOFILE= of systemd, --ulimit nofile= of Docker) and start again.',
  ENFILE: () => 'Too many files are open on this machine. Close some, or raise fs.file-max, and start again.',
  ENOSPC: (place) => `The disk${place} is full. Free some space and start again.`,
  EDQUOT: (place) => `The disk quota${place} is used up. Free some space and start again.`,
  EFBIG: (place) =>
    `The file${place} would be larger than the disk or the limit of this process allows. Raise it (\`ulimit -f\`) and start again.`,
  EROFS: (place) => `The disk${place} is read-only. Make it writable, or choose another folder, and start again.`,
  EACCES: (place) => `This user has no access${place}. Give it access, or start as another user.`,
  EPERM: (place) => `This user has no permission${place}. Give it permission, or start as another user.`,
  ENOMEM: () => 'The machine has too little memory. Free some and start again.',
  // Of fork and of threads.
  EAGAIN: () =>
    'No more processes or threads can be started. Raise the limit (`ulimit -u`, TasksMax= of systemd) and start again.',
  EIO: (place) => `The disk${place} cannot be read or written (EIO). Check it, and start again.`,
};

/** A failure of the machine that hotvec runs on, as the line that says what to do; undefined for any other failure. */
export function explainMachineError(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code = '', syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === 'uv_cwd' || /\buv_cwd\b/.test(error.message)) {
    return 'The working directory no longer exists. Change to one that does (`cd`) and start again.';
  }
  const explain = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  return explain?.(path === undefined ? '' : ` at ${path}`);
}
