import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from '../settings/config.ts';
import { LogDestination } from './destination.ts';

/** One JSON object a line, on standard output unless told otherwise. */
export function createLogger(level: Config['logLevel'], destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // Fastify puts the whole request here; its id is all that a line needs.
    serializers: { req: () => undefined, res: () => undefined },
  };
  return pino(options, destination ?? new LogDestination(1));
}
