import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';

/** Where Linux says which of its processors are threads of one core. */
const TOPOLOGY = '/sys/devices/system/cpu';

/** Whether this process may use only some of the machine: a container with a CPU limit, or `taskset`. */
export function isLimited(): boolean {
  return availableParallelism() < cpus().length;
}

/**
 * Cores that this process may compute on, at least one: those of its limit, else, as ONNX Runtime counts, those of the machine.
 * Two threads of one core multiply matrices no faster than one.
 */
export function allowedCores(): number {
  return isLimited() ? availableParallelism() : physicalCores();
}

function physicalCores(): number {
  const count = Math.max(1, cpus().length);
  try {
    const siblings = Array.from({ length: count }, (_, i) =>
      readFileSync(`${TOPOLOGY}/cpu${i}/topology/thread_siblings_list`, 'utf8'),
    );
    return new Set(siblings).size;
  } catch {
    return count;
  }
}
