import type { Logger } from 'pino';
import type { EngineEvent } from './engine/supervisor.ts';
import type { Metrics } from './metrics.ts';

/** Tells log and metrics what happens to the engine; `giveUp` when it will not be started again. */
export function logEngineEvents(
  event: EngineEvent,
  logger: Logger,
  metrics: Metrics,
  giveUp: (reason: string) => void,
): void {
  switch (event.kind) {
    case 'ready':
      metrics.observeEngine({ epoch: event.epoch, canaryCosine: event.info.canaryCosine });
      logger.info({ epoch: event.epoch, processId: event.processId, ...event.info }, 'engine ready');
      return;
    case 'lost':
      metrics.countEngineLoss(event.reason);
      if (event.restartInMilliseconds === null) {
        logger.fatal(
          { epoch: event.epoch, reason: event.reason, detail: event.detail },
          'engine given up: too many crashes',
        );
        giveUp(event.detail);
      } else {
        const { epoch, reason, detail, restartInMilliseconds } = event;
        logger.error({ epoch, reason, detail, restartInMilliseconds }, 'engine lost, restarting it');
      }
      return;
    case 'stale_reply':
      metrics.countStaleReply();
      logger.warn({ epoch: event.epoch }, 'dropped an answer of an engine process already given up');
      return;
    case 'output':
      logger.warn({ line: event.line }, 'engine output');
      return;
    case 'resident_bytes':
      metrics.observeEngineBytes(event.bytes);
  }
}
