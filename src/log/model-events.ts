import type { Logger } from 'pino';
import { type EngineEvent, LOSS_REASONS } from '../engine/supervisor/engine-events.ts';
import type { ModelMetrics } from '../metrics/model-metrics.ts';
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
    onEngineEvent: (event, deviceId) => reportEngine(event, deviceId, logger, metrics),
  };
}

function reportEngine(event: EngineEvent, deviceId: number, logger: Logger, metrics: ModelMetrics): void {
  switch (event.kind) {
    case 'ready':
      metrics.expectEngineLosses(deviceId, LOSS_REASONS);
      metrics.observeEngine(deviceId, { epoch: event.epoch, canaryCosine: event.info.canaryCosine });
      logger.info({ deviceId, epoch: event.epoch, processId: event.processId, ...event.info }, 'engine ready');
      return;
    case 'lost': {
      const { epoch, reason, detail, restartInMilliseconds } = event;
      metrics.countEngineLoss(deviceId, reason);
      if (restartInMilliseconds !== null) {
        logger.error({ deviceId, epoch, reason, detail, restartInMilliseconds }, 'engine lost, restarting it');
        return;
      }
      logger.fatal(
        { deviceId, epoch, reason, detail },
        reason === 'files_changed' ? 'engine given up: model files changed' : 'engine given up: too many crashes',
      );
      return;
    }
    case 'stale_reply':
      metrics.countStaleReply();
      logger.warn({ deviceId, epoch: event.epoch }, 'dropped a reply from an engine process already given up');
      return;
    case 'checking':
      logger.error(
        { deviceId, epoch: event.epoch, failedBatches: event.failedBatches },
        'batches failed, running the canary',
      );
      return;
    case 'check_passed':
      logger.info({ deviceId, epoch: event.epoch }, 'canary passed, engine back in service');
      return;
    case 'output':
      logger.warn({ deviceId, line: event.line }, 'engine output');
      return;
    case 'batch_done':
      metrics.observeEngineWork(deviceId, event.residentBytes, event.busyMilliseconds);
  }
}
