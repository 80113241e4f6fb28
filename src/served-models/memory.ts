import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { EngineChoice } from '../engine/supervisor/engine-group.ts';
import { StartError } from '../errors.ts';

const MIB = 2 ** 20;
/**
 * What a process takes before any weight or text: Node.js, and ONNX Runtime or the tokenizer. A model of 0.2 MB had 141 MiB
 * resident in the main process and 97 in the engine's, of which 92 and 33 could not be given back. Less is counted, and
 * no batches: what is refused could not have been loaded.
 */
const PROCESS_BYTES = 64 * MIB;

/** A model that is about to be loaded. */
export interface MemoryNeed {
  name: string;
  /** On the choice that takes least. */
  bytes: number;
}

export interface MemoryLimit {
  bytes: number;
  /** What sets it: a file of a control group, or the machine. */
  source: string;
}

/** Where Linux tells the limits of a container; tests have folders of their own. */
export interface CgroupPlaces {
  /** Of this process: its place in the tree. */
  membership: string;
  /** Root of the tree. */
  root: string;
}

const CGROUP: CgroupPlaces = { membership: '/proc/self/cgroup', root: '/sys/fs/cgroup' };

/**
 * What a model takes at least, in memory of this machine: the weights of each of its engine processes, and those processes.
 * @param weightBytes of an engine of these settings.
 */
export function memoryOf(
  choices: readonly EngineChoice[],
  weightBytes: (settings: EngineChoice[number]) => number,
): number {
  return Math.min(
    ...choices.map((choice) =>
      choice.reduce(
        // The memory of a GPU is another; which WebGPU uses is not known.
        (sum, settings) => sum + PROCESS_BYTES + (settings.device === 'cpu' ? weightBytes(settings) : 0),
        0,
      ),
    ),
  );
}

/** The lowest `memory.max` of the process's control group (version 2) and those above it; else the machine's memory. */
export function memoryLimit({ membership, root }: CgroupPlaces = CGROUP): MemoryLimit {
  let limit: MemoryLimit = { bytes: os.totalmem(), source: 'the memory of the machine' };
  const [, group] = /^0::(\/.*)$/m.exec(readText(membership)) ?? [];
  for (let folder = group; folder !== undefined; folder = folder === '/' ? undefined : path.posix.dirname(folder)) {
    const file = path.join(root, folder, 'memory.max');
    const bytes = Number.parseInt(readText(file), 10);
    // `max` is no number: that group has no limit.
    if (bytes < limit.bytes) limit = { bytes, source: file };
  }
  return limit;
}

/**
 * Says before anything is loaded that the models do not fit: later the kernel would kill a process, and say nothing.
 * @throws {StartError} what each takes, and what there is.
 */
export function checkMemory(needs: readonly MemoryNeed[], { bytes, source }: MemoryLimit): void {
  const total = needs.reduce((sum, need) => sum + need.bytes, PROCESS_BYTES);
  if (total <= bytes) return;
  const each = needs.map((need) => `${need.name} ${inGibibytes(need.bytes)}`).join(', ');
  throw new StartError(
    `The models need at least ${inGibibytes(total)} of memory (${each}), but there are only ${inGibibytes(bytes)} (${source}). Give the server more, serve fewer models or smaller ones, or set DTYPE=int8 for safetensors.`,
  );
}

function inGibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

/** Empty where there is none. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
