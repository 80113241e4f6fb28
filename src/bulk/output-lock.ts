import { readFileSync } from 'node:fs';
import { readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { StartError } from '../errors.ts';

/** Who works on an output: `running.HOST.PID.START`. The start tells a process from a later one with the same id. */
const OWNER = /^running\.(.+)\.(\d+)\.(\d+)$/;

/**
 * Makes this process the only one that works in `folder`. A process that was killed holds nothing: each writes its own name
 * first and looks for others then, so that two cannot miss each other, and what a dead one left is removed.
 *
 * @returns ends it.
 * @throws {StartError} another process works there.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const host = os.hostname();
  const own = `running.${host}.${process.pid}.${readStat(process.pid).start}`;
  const file = path.join(folder, own);
  const release = () => rm(file, { force: true });
  await writeFile(file, '');
  for (const name of await readdir(folder)) {
    const [, ownerHost, processId, start] = OWNER.exec(name) ?? [];
    if (ownerHost === undefined || name === own) continue;
    if (ownerHost === host && !isRunning(Number(processId), start)) {
      await rm(path.join(folder, name), { force: true });
      continue;
    }
    await release();
    const where = ownerHost === host ? '' : ` on ${ownerHost}`;
    const advice = ownerHost === host ? '' : ` If it does not run any more, remove ${path.join(folder, name)}.`;
    throw new StartError(`Process ${processId}${where} writes the same output already.${advice}`);
  }
  return release;
}

/** Our own id is that of a former process: containers start with the same. */
function isRunning(processId: number, start: string | undefined): boolean {
  if (processId === process.pid) return false;
  try {
    process.kill(processId, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  const found = readStat(processId);
  return found.state !== 'Z' && found.start === start;
}

/** Of proc(5): fields 3, Z for a process that has ended, and 22, its start in ticks since the boot; elsewhere the same for all. */
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
