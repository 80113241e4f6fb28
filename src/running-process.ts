import { readFileSync } from 'node:fs';
import process from 'node:process';

/** Whether a process of this machine, and container, runs; one that has ended and was not waited for by its parent does not. */
export function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  return readStat(processId).state !== 'Z';
}

/**
 * When a process was started, in ticks since the boot: it tells the process from a later one with the same id. The same for all
 * where the system does not say.
 */
export function startOf(processId: number): string {
  return readStat(processId).start;
}

/** Of proc(5): fields 3, Z for a process that has ended, and 22. */
function readStat(processId: number): { state: string; start: string } {
  try {
    // The second field is a name in parentheses, and may have spaces and parentheses itself.
    const fields = readFileSync(`/proc/${processId}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { state: fields[0] ?? '', start: fields[19] ?? '0' };
  } catch {
    return { state: '', start: '0' };
  }
}
