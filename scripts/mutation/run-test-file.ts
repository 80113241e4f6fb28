import { spawn } from 'node:child_process';
import process from 'node:process';

/** A test that a bug makes hang counts as failed. */
const LIMIT_MS = 90_000;

/** Runs one compiled test file; null when it is green, else the first test that failed, or what else went wrong. */
export function failureOf(file: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    // In its short form also within a soak run; in a group of its own, so that no process of it is left behind.
    const child = spawn(process.execPath, ['--test-reporter=tap', file], {
      env: { ...process.env, HOTVEC_TEST_SOAK: '' },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    let isLate = false;
    const kill = () => process.kill(-(child.pid as number), 'SIGKILL');
    const limit = setTimeout(() => {
      isLate = true;
      kill();
    }, LIMIT_MS);
    process.once('exit', kill);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(limit);
      process.off('exit', kill);
      const [, failed] = /^\s*not ok \d+ - (.*)$/m.exec(output) ?? [];
      if (code === 0) resolve(null);
      else resolve(failed ?? (isLate ? 'did not end' : `ended with ${code}`));
    });
  });
}
