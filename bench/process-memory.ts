import { readdirSync, readFileSync } from 'node:fs';

/**
 * Bytes of memory of a process and of all that it started: the sum of their PSS, which counts a page that n processes
 * share as 1/n in each. Linux only; null elsewhere, and where the process is gone.
 */
export function familyMemory(processId: number): number | null {
  const own = proportionalBytes(processId);
  if (own === null) return null;
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? parentOf(Number(name)) : null;
    if (parent !== null) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const bytesBelow = (id: number): number =>
    (children.get(id) ?? []).reduce((sum, child) => sum + (proportionalBytes(child) ?? 0) + bytesBelow(child), 0);
  return own + bytesBelow(processId);
}

function proportionalBytes(processId: number): number | null {
  return numberIn(`/proc/${processId}/smaps_rollup`, /^Pss:\s+(\d+) kB$/m, 1024);
}

function parentOf(processId: number): number | null {
  return numberIn(`/proc/${processId}/status`, /^PPid:\s+(\d+)$/m, 1);
}

/** A process may end at any moment. */
function numberIn(file: string, pattern: RegExp, unit: number): number | null {
  try {
    const found = pattern.exec(readFileSync(file, 'utf8'))?.[1];
    return found === undefined ? null : Number(found) * unit;
  } catch {
    return null;
  }
}
