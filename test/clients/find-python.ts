import { spawnSync } from 'node:child_process';
import process from 'node:process';

/** @returns a Python that has the modules: `HOTVEC_TEST_PYTHON`, or the one on the path; undefined: there is none. */
export function findPython(modules: readonly string[]): string | undefined {
  const candidates = [process.env.HOTVEC_TEST_PYTHON, 'python3', 'python'].filter((one) => one !== undefined);
  return candidates.find((one) => spawnSync(one, ['-c', `import ${modules.join(', ')}`]).status === 0);
}
