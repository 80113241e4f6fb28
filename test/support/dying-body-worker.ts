import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BodyTask, readBody as reallyRead } from '../../src/http/body/body-worker.ts';

// A worker for large bodies that does as the body says: dies over it, or takes its time.
export async function readBody(task: BodyTask): Promise<unknown> {
  const text = Buffer.from(task.bytes).toString();
  if (text.includes('die')) process.exit(1);
  if (text.includes('slow')) await sleep(300);
  return reallyRead(task);
}
