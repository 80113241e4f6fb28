import { readFileSync } from 'node:fs';
import { mebibytes } from './report.ts';
import type { RunningService } from './service.ts';

/** Resident bytes of a process; `anonymous`: without those of mapped files, which others may share. */
export interface Resident {
  all: number;
  anonymous: number;
}

/** Of both processes of a service. Linux only; null elsewhere. */
export function residentMemory(service: RunningService): { main: Resident; engine: Resident } | null {
  const [main, engine] = [residentBytes(service.processId), residentBytes(service.engineProcessId)];
  return main === null || engine === null ? null : { main, engine };
}

export function describeMemory(service: RunningService): string {
  const memory = residentMemory(service);
  if (memory === null) return 'memory not known on this system';
  const { main, engine } = memory;
  return `RSS main ${mebibytes(main.all)}, engine ${mebibytes(engine.all)} (${mebibytes(engine.anonymous)} without mapped files)`;
}

export function residentBytes(processId: number): Resident | null {
  try {
    const status = readFileSync(`/proc/${processId}/status`, 'utf8');
    const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
    return { all: 1024 * kibibytes('VmRSS'), anonymous: 1024 * kibibytes('RssAnon') };
  } catch {
    return null;
  }
}
