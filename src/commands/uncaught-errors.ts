import process from 'node:process';
import type { Logger } from 'pino';
import { blameEngines } from '../engine/unreadable-bytes.ts';
import { framesOf } from '../errors.ts';

/** The main process outlives what an engine did. Any other error that nobody caught ends it, with a line in the log. */
export function handleUncaughtErrors(logger: Logger): void {
  process.on('uncaughtException', (error) => {
    if (blameEngines(error)) return;
    logger.fatal({ error: error.name, frames: framesOf(error) }, 'ended by an error that nobody caught');
    process.exit(1);
  });
}
