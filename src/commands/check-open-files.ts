import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Files beside those that Node has open: a start opens its modules, the model and the pipes of the engine, some 150 at a time, and
 * every client takes one more.
 */
const LEAST_OPEN_FILES = 200;

/** @throws {Error} with code EMFILE, where fewer may be open. Else loading code fails, at another place each time. */
export function checkOpenFiles(): void {
  const opened: number[] = [];
  try {
    while (opened.length < LEAST_OPEN_FILES) opened.push(openSync(fileURLToPath(import.meta.url), 'r'));
  } finally {
    for (const file of opened) closeSync(file);
  }
}
