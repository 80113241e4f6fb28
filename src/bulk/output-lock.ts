import { readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { StartError } from '../errors.ts';
import { isRunning, startOf } from '../running-process.ts';

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
  const own = `running.${host}.${process.pid}.${startOf(process.pid)}`;
  const file = path.join(folder, own);
  const release = () => rm(file, { force: true });
  await writeFile(file, '');
  for (const name of await readdir(folder)) {
    const [, ownerHost, processId, start] = OWNER.exec(name) ?? [];
    if (ownerHost === undefined || name === own) continue;
    if (ownerHost === host && !isOwner(Number(processId), start)) {
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
function isOwner(processId: number, start: string | undefined): boolean {
  return processId !== process.pid && isRunning(processId) && startOf(processId) === start;
}
