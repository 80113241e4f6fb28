import { type Stats, statSync } from 'node:fs';

export type FileKind = 'file' | 'folder' | 'FIFO' | 'socket' | 'device' | 'absent';

/** What is at a path; links are followed. To be asked before a file is opened: opening a FIFO waits for its writer. */
export function fileKind(path: string): FileKind {
  try {
    return kindOf(statSync(path));
  } catch {
    // Nothing there, a circular link, a folder without access: opening it reports the error.
    return 'absent';
  }
}

function kindOf(stats: Stats): FileKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  if (stats.isFIFO()) return 'FIFO';
  return stats.isSocket() ? 'socket' : 'device';
}
