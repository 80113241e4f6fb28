import { statSync } from 'node:fs';
import type { ModelManifest } from './manifest.ts';

/**
 * What the file system says of a model's files, to notice that they are no longer those whose hashes were checked:
 * hashing gigabytes again would keep a lost engine away for seconds, this takes microseconds.
 */
export class FileStamps {
  private readonly stamps: Map<string, string>;

  constructor(files: Iterable<string>) {
    this.stamps = new Map([...new Set(files)].map((file) => [file, stampOf(file)]));
  }

  /** A file that was written, replaced or removed since; undefined when there is none. */
  get changed(): string | undefined {
    for (const [file, stamp] of this.stamps) if (stampOf(file) !== stamp) return file;
    return undefined;
  }
}

/** Every file that an engine may load for the model. */
export function engineFiles({ weights }: ModelManifest): string[] {
  if (weights.kind === 'packed') {
    const int8 = Object.values(weights.int8 ?? {}).flatMap(({ values, scales }) => [values, scales]);
    return [...Object.values(weights.tensors), ...int8].map(({ file }) => file);
  }
  const exports = Object.values(weights.exports).flatMap(({ graphFile, dataFiles }) => [graphFile, ...dataFiles]);
  return [...exports, ...weights.dense.map(({ weight }) => weight.file)];
}

/** Links are followed. */
function stampOf(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? 'absent' : [stats.dev, stats.ino, stats.size, stats.mtimeNs].join();
}
