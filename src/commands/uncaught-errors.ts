import { writeSync } from 'node:fs';
import process from 'node:process';
import type { Logger } from 'pino';
import { blameEngines } from '../engine/supervisor/unreadable-bytes.ts';
import { unexpectedFacts } from '../errors.ts';

const MESSAGE = 'ended by an uncaught error';

/**
 * The main process outlives what an engine did. Any other uncaught error ends it; its name and place are reported, but
 * not its message, which may quote what a client sent.
 */
export function handleUncaughtErrors(logger: Logger): void {
  process.on('uncaughtException', (thrown: unknown) => {
    if (blameEngines(thrown)) return;
    const facts = unexpectedFacts(thrown instanceof Error ? thrown : new Error('not an Error'));
    logger.fatal(facts, MESSAGE);
    // Whatever the log's level, and even if no one reads the log.
    writeSync(2, `hotvec: ${MESSAGE}: ${facts.error} ${facts.errorCode ?? ''}\n${facts.frames.join('\n')}\n`);
    process.exit(1);
  });
}
