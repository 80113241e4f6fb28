import { readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';

/**
 * A partial download belongs to one process: `BLOB.HOST.PID.incomplete`. Two processes that want the same file write two
 * partials, and the rename that ends each is atomic, so neither can spoil the other's; a lock would have to survive
 * `kill -9` and be seen by other containers on the same volume, and Node has none that does. A process takes over what
 * a dead one left, again by rename: of two that try, one succeeds.
 */
const SUFFIX = '.incomplete';
/** A partial of another machine, or of a process id in use, that was not written for this long has no owner. */
const ABANDONED_MS = 5 * 60_000;

const OWNER = /\.([\w-]+)\.(\d+)\.incomplete$/;

const host = hostname().replace(/[^\w-]/g, '_');

/**
 * The partial of `blob` for this process to write: the longest that no other process is writing, or a new name.
 * @returns its path; the file need not exist.
 */
export async function claimPartial(blob: string): Promise<string> {
  const folder = path.dirname(blob);
  const own = `${blob}.${host}.${process.pid}${SUFFIX}`;
  const candidates: { file: string; size: number }[] = [];
  for (const name of await readdir(folder)) {
    const owner = isPartialOf(name, blob) ? OWNER.exec(name) : null;
    if (owner === null) continue;
    const file = path.join(folder, name);
    const { size, mtimeMs } = await stat(file).catch(() => ({ size: -1, mtimeMs: Date.now() }));
    const isFree = isDead(owner[1] as string, Number(owner[2])) || Date.now() - mtimeMs > ABANDONED_MS;
    if (size >= 0 && isFree) candidates.push({ file, size });
  }
  candidates.sort((a, b) => b.size - a.size);
  const [longest, ...rest] = candidates;
  for (const { file } of rest) await rm(file, { force: true });
  if (longest !== undefined && longest.file !== own) {
    await rename(longest.file, own).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster.
      if (error.code !== 'ENOENT') throw error;
    });
  }
  return own;
}

/** Whether that process surely runs no more. This process's own id means a former one: containers start with the same. */
function isDead(ownerHost: string, processId: number): boolean {
  if (ownerHost !== host) return false;
  if (processId === process.pid) return true;
  try {
    process.kill(processId, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

function isPartialOf(name: string, blob: string): boolean {
  return name.startsWith(`${path.basename(blob)}.`) && OWNER.test(name);
}

/** Bytes of the longest partial of `blob`, no matter which process wrote it. */
export async function partialBytes(blob: string): Promise<number> {
  const names = (await readdir(path.dirname(blob))).filter((name) => isPartialOf(name, blob));
  const sizes = await Promise.all(names.map((name) => stat(path.join(path.dirname(blob), name)).catch(() => null)));
  return Math.max(0, ...sizes.map((one) => one?.size ?? 0));
}
