import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import { fileKind } from '../../file-kind.ts';

/**
 * How deep the files of a model may be: `onnx/`, `1_Pooling/`, and one more for exports that keep their weights in a
 * folder.
 */
const MAX_DEPTH = 3;

/**
 * A FIFO or a device among a model's files would block startup forever: opening it waits for a writer.
 * @throws {StartError} naming the first one in the folder.
 */
export function checkPlainFiles(folder: string): void {
  // Otherwise it is not a model folder, and may be as large as a home folder.
  if (existsSync(path.join(folder, 'config.json'))) checkFolder(folder, MAX_DEPTH);
}

function checkFolder(folder: string, depth: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isFile()) continue;
    const kind = fileKind(file);
    if (kind === 'folder' && depth > 1) checkFolder(file, depth - 1);
    if (kind === 'FIFO' || kind === 'socket' || kind === 'device') {
      throw new StartError(
        `${file} is a ${kind}; a model folder may hold only regular files. Copy or download the model again.`,
      );
    }
  }
}
