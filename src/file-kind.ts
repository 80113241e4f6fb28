import { statSync } from 'node:fs';

export type FileKind = 'file' | 'folder' | 'FIFO' | 'socket' | 'device' | 'absent';

/** What is at a path; links are followed. To be asked before a file is opened: opening a FIFO waits for its writer. */
export function fileKind(path: string): FileKind {
  try {
    const stats = statSync(path);
    if (stats.isFile()) return 'file';
    if (stats.isDirectory()) return 'folder';
    if (stats.isFIFO()) return 'FIFO';
    return stats.isSocket() ? 'socket' : 'device';
  } catch {
    // Nothing there, a circular link, a folder without access: opening it reports the error.
    return 'absent';
  }
}
