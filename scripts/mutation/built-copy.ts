import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * A copy of the built code that may be broken: `dist` is copied, everything else next to it is linked, so that its tests
 * find models, fixtures and packages. Remove it when done.
 */
export function copyBuilt(root: string): { dist: string; remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-mutants-'));
  const dist = path.join(folder, 'dist');
  cpSync(path.join(root, 'dist'), dist, { recursive: true });
  for (const name of readdirSync(root)) {
    if (name !== 'dist' && name !== '.git') symlinkSync(path.join(root, name), path.join(folder, name));
  }
  return { dist, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
