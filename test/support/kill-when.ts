import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';

/**
 * Looks again and again, without a pause, and kills the process at once when something is so.
 * @param isThere what is waited for.
 * @param isOver it will not be so any more.
 * @returns whether it was killed for it.
 */
export function killWhen(child: ChildProcess, isThere: () => boolean, isOver: () => boolean): boolean {
  const giveUp = performance.now() + 60_000;
  while (!isThere()) {
    if (isOver()) return false;
    if (performance.now() > giveUp) throw new Error('it did not come to it');
  }
  return child.kill('SIGKILL');
}

/** 0 where there is no such file. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

/** Of a file that is replaced by renaming; null where it is not there. */
export function readJson<Value>(file: string): Value | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Value) : null;
}
