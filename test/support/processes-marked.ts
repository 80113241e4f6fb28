import { readdirSync, readFileSync } from 'node:fs';

/** Ids of the processes whose environment holds `mark`. Linux only. */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        return readFileSync(`/proc/${id}/environ`, 'latin1').includes(mark);
      } catch {
        // It is another user's, or just ended.
        return false;
      }
    })
    .map(Number);
}
