import { createRequire, syncBuiltinESMExports } from 'node:module';

// Loaded before a process that is under test (`--import`): a user without HOME and without an entry in the passwd file.

const os = createRequire(import.meta.url)('node:os') as { homedir: () => string };
os.homedir = () => {
  throw Object.assign(new Error('A system error occurred: uv_os_homedir returned ENOENT'), {
    code: 'ERR_SYSTEM_ERROR',
  });
};
syncBuiltinESMExports();
