import { execFile } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, StartError } from '../../errors.ts';
import type { WeightBits } from '../../model-files/int8/scheme.ts';

const ENTRY = fileURLToPath(new URL('../../engine/process/probe-weight-bits.js', import.meta.url));

let found: Promise<WeightBits> | undefined;

/**
 * Bits that a weight of an integer product may have so that this processor multiplies it exactly: found by multiplying,
 * once a process. Processors with VNNI, and those of ARM, have 8.
 * @throws {StartError} where that cannot be found out.
 */
export function weightBits(): Promise<WeightBits> {
  found ??= probe();
  return found;
}

async function probe(): Promise<WeightBits> {
  const printed = await promisify(execFile)(process.execPath, [ENTRY]).catch((error: unknown) => {
    throw new StartError(`DTYPE=int8: what this processor multiplies exactly cannot be tried (${messageOf(error)}).`);
  });
  switch (printed.stdout) {
    case '7':
      return 7;
    case '8':
      return 8;
    default:
      throw new StartError(`DTYPE=int8: what this processor multiplies exactly is not known (${printed.stderr}).`);
  }
}
