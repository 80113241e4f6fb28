import type { Logger } from 'pino';
import type { ExportEvent } from '../tracing/export-outages.ts';

/** Tells the log when traces cannot be sent: once when that begins, and once when it is over. */
export function logExportEvents(logger: Logger): (event: ExportEvent) => void {
  return (event) => {
    if (event.kind === 'failing') logger.warn({ reason: event.reason }, 'traces cannot be sent');
    else logger.info({ lost: event.lost }, 'traces can be sent again');
  };
}
