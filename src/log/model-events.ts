import type { Logger } from 'pino';
import { type EngineEvent, LOSS_REASONS } from '../engine/supervisor/engine-events.ts';
import type { EnginePlace, ModelMetrics } from '../metrics/model-metrics.ts';
import type { ModelReports } from '../served-models/open-model.ts';

/** Tells log and metrics what happens to a model. Each line has its name. */
export function reportModel(name: string, parent: Logger, metrics: ModelMetrics): ModelReports {
  const logger = parent.child({ model: name });
  return {
    onBatch: (batch) => metrics.observeBatch(batch),
    onPoison: (input) => {
      metrics.countPoisonInput();
      logger.error(input, 'found the input that made a batch fail, refused it');
    },
    onAcquittal: (input) => logger.warn(input, 'computed an input that was refused before'),
    onEngineEvent: (event, place) => reportEngine(event, place, logger, metrics),
  };
}

function reportEngine(event: EngineEvent, place: EnginePlace, logger: Logger, metrics: ModelMetrics): void {
  switch (event.kind) {
    case 'ready':
      metrics.expectEngineLosses(place, LOSS_REASONS);
      metrics.observeEngine(place, { epoch: event.epoch, canaryCosine: event.info.canaryCosine });
      logger.info({ ...place, epoch: event.epoch, processId: event.processId, ...event.info }, 'engine ready');
      return;
    case 'lost': {
      const { epoch, reason, detail, restartInMilliseconds } = event;
      metrics.countEngineLoss(place, reason);
      if (restartInMilliseconds !== null) {
        logger.error({ ...place, epoch, reason, detail, restartInMilliseconds }, 'engine lost, restarting it');
        return;
      }
      logger.fatal(
        { ...place, epoch, reason, detail },
        reason === 'files_changed' ? 'engine given up: model files changed' : 'engine given up: too many crashes',
      );
      return;
    }
    case 'stale_reply':
      metrics.countStaleReply();
      logger.warn({ ...place, epoch: event.epoch }, 'dropped a reply from an engine process already given up');
      return;
    case 'checking':
      logger.error(
        { ...place, epoch: event.epoch, failedBatches: event.failedBatches },
        'batches failed, running the canary',
      );
      return;
    case 'check_passed':
      logger.info({ ...place, epoch: event.epoch }, 'canary passed, engine back in service');
      return;
    case 'output':
      logger.warn({ ...place, line: event.line }, 'engine output');
      return;
    case 'batch_done':
      metrics.observeEngineWork(place, event.residentBytes, event.busyMilliseconds);
  }
}
