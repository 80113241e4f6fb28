import type { ChildProcess } from 'node:child_process';
import process from 'node:process';

/** Ends the child when this process ends, by whatever but SIGKILL: a service left behind holds gigabytes. */
export function endWithUs(child: ChildProcess): void {
  const end = () => child.kill();
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}

/** Without listeners a signal ends a process before its 'exit' listeners. */
export function exitOnSignals(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}
