import type { Logger } from 'pino';
import type { BatchEvent, OnBatchEvent } from '../batch-jobs/batch-events.ts';
import type { BatchJob } from '../batch-jobs/batch-job.ts';
import { unexpectedFacts } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';

/** Tells log and metrics what happens to batches. */
export function reportBatches(logger: Logger, metrics: Metrics): OnBatchEvent {
  return (event) => {
    metrics.observeBatchJob(event);
    logEvent(logger, event);
  };
}

function logEvent(logger: Logger, event: BatchEvent): void {
  switch (event.kind) {
    case 'resumed':
      logger.info({ unfinished: event.unfinished }, 'continuing the batches of the last run');
      return;
    case 'created': {
      const { bytes, job } = event;
      logger.info({ ...factsOf(job), bytes }, 'batch created');
      return;
    }
    case 'in_progress':
      logger.info({ ...factsOf(event.job), lines: event.job.counts.total }, 'batch in progress');
      return;
    case 'ended': {
      const { status, counts, problems } = event.job;
      const { completed, failed } = counts;
      const problem = problems[0]?.code;
      logger.info({ ...factsOf(event.job), status, completed, failed, problem }, 'batch ended');
      return;
    }
    case 'lines':
      return;
    case 'paused':
      logger.error({ batch: event.batch, reason: event.reason }, 'batch paused: its answers cannot be stored');
      return;
    case 'continued':
      logger.info({ batch: event.batch }, 'batch continues: its answers can be stored again');
      return;
    case 'lock_lost':
      logger.error('batches stopped: another process has taken BATCH_DIR');
      return;
    case 'failed':
      logger.error(
        { batch: event.batch, ...unexpectedFacts(event.error) },
        'batch interrupted, trying again in a minute',
      );
  }
}

/** What every line about a batch has. */
function factsOf({ id, owner, endpoint, model }: BatchJob) {
  return { batch: id, key: owner ?? undefined, endpoint, model: model ?? undefined };
}
