import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync, unlinkSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartError } from '../errors.ts';
import { isRunning } from '../running-process.ts';

interface Holder {
  token: string;
  processId: number;
  /** Within which the process id means something: machine, start of it, and container. */
  place: string;
}

const BEAT_MS = 1_000;
/** A holder that has not moved for so long is gone. */
const PATIENCE_MS = 8_000;
const LOOK_MS = 200;
/** Tokens of the locks that this process holds. */
const held = new Set<string>();

export interface LockOptions {
  /** What is said where another process has it. */
  inUse: (processId: number) => string;
  /** Told if another process has taken the lock nevertheless: this one slept for too long. */
  onLost: () => void;
}

/**
 * Holds a folder, or an output, for one process. The holder touches its lock file every second; one that is gone is told from one that
 * lives at once where its process id means something here, and else by the file: containers and machines that share a
 * folder do not see each other's processes.
 */
export class LockFile {
  private readonly file: string;
  private readonly token: string;
  private readonly timer: NodeJS.Timeout;
  private isLost = false;

  private constructor(file: string, token: string, onLost: () => void) {
    this.file = file;
    this.token = token;
    held.add(token);
    this.timer = setInterval(() => void this.beat(onLost), BEAT_MS).unref();
  }

  /**
   * @param file of the lock, which nothing else is written to.
   * @throws {StartError} another process has it; {Error} of the file system.
   */
  static async take(file: string, { inUse, onLost }: LockOptions): Promise<LockFile> {
    const holder: Holder = { token: randomUUID(), processId: process.pid, place: placeOf() };
    const own = `${file}.${holder.token}`;
    try {
      await writeFile(own, JSON.stringify(holder), { mode: 0o600 }).catch((error: Error) => {
        // Of a full disk the file system does not say which.
        throw Object.assign(error, { path: path.dirname(file) });
      });
      while (!(await linked(own, file))) {
        const found = await readHolder(file);
        if (found === undefined) continue;
        if (await isAlive(file, found)) {
          throw new StartError(inUse(found.processId));
        }
        // Of several that find it dead one moves it away; what it moves may be the lock of a faster one by then.
        const dead = `${file}.${holder.token}.dead`;
        await rename(file, dead).catch(() => {});
        const moved = await readHolder(dead);
        if (moved !== undefined && moved.token !== found.token) await linked(dead, file);
        await rm(dead, { force: true });
      }
    } finally {
      await rm(own, { force: true });
    }
    return new LockFile(file, holder.token, onLost);
  }

  /** Gives it to others. */
  release(): void {
    clearInterval(this.timer);
    held.delete(this.token);
    if (this.isLost) return;
    try {
      unlinkSync(this.file);
    } catch {
      // A process id that is gone says the same.
    }
  }

  private async beat(onLost: () => void): Promise<void> {
    const now = new Date();
    await utimes(this.file, now, now).catch(() => {});
    const holder = await readHolder(this.file);
    // What cannot be read now, because too many files are open say, is not somebody else's.
    if (holder === undefined || holder.token === this.token || this.isLost) return;
    this.isLost = true;
    clearInterval(this.timer);
    onLost();
  }
}

/** Whether the name was free. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** undefined: there is no such file, or it cannot be read now. */
async function readHolder(file: string): Promise<Holder | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Holder;
  } catch {
    // Power was lost while it was written.
    return { token: '', processId: 0, place: '' };
  }
}

async function isAlive(file: string, { place, processId, token }: Holder): Promise<boolean> {
  if (held.has(token)) return true;
  const isHere = place === placeOf();
  if (isHere && (processId === process.pid || !isRunning(processId))) return false;
  // A process of that number is here, maybe another one.
  const touched = async () => (await stat(file).catch(() => undefined))?.mtimeMs;
  const before = await touched();
  for (let waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
    await sleep(LOOK_MS);
    const now = await touched();
    const holder = await readHolder(file);
    if (now === undefined || holder?.token !== token) return false;
    if (now !== before) return true;
  }
  return false;
}

/** Where process ids are told apart: two containers of one machine have each their own. */
function placeOf(): string {
  const read = (from: () => string) => {
    try {
      return from().trim();
    } catch {
      return '';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = read(() => readlinkSync('/proc/self/ns/pid'));
  return [hostname(), boot, namespace].join(' ');
}
