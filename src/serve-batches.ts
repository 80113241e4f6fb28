import type { Logger } from 'pino';
import { BatchJobs, type BatchLimits } from './batch-jobs/batch-jobs.ts';
import type { Clock } from './clock.ts';
import { StartError } from './errors.ts';
import { fileKind } from './file-kind.ts';
import type { InflightBytes } from './http/door/inflight-bytes.ts';
import { buildLineApp, type LineApp } from './http/line-app.ts';
import { reportBatches } from './log/batch-events.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { OpenModel } from './served-models/open-model.ts';
import { ModelRegistry } from './served-models/registry.ts';
import type { Config, StartConfig } from './settings/config.ts';

/** What is read of a line in one piece, by the thread that serves everybody. */
const MOST_LINE_BYTES = 4 * 2 ** 20;
/** Batches of an engine that a batch of requests fills in advance: one is computed, one is next, and answers are written meanwhile. */
const BATCHES_AHEAD = 4;
/** Of the queue, for each that runs. */
const QUEUE_PART = 1 / 8;
/** A path through a file, round in a circle, or too long. */
const NO_PLACE: ReadonlySet<string> = new Set(['ENOTDIR', 'EEXIST', 'ELOOP', 'ENAMETOOLONG']);

export interface BatchFolderParts {
  config: Config;
  logger: Logger;
  metrics: Metrics;
  clock: Clock;
}

/**
 * Opens the folder of the Batch API.
 * @returns undefined: it is off.
 * @throws {StartError} another server has the folder, or it is none; {Error} of the file system.
 */
export async function openBatches({
  config,
  logger,
  metrics,
  clock,
}: BatchFolderParts): Promise<BatchJobs | undefined> {
  const { batchDir: folder } = config;
  if (folder === '') return undefined;
  const kind = fileKind(folder);
  if (kind !== 'folder' && kind !== 'absent') {
    throw new StartError(`BATCH_DIR=${folder} is a ${kind}; expected a folder.`);
  }
  const onEvent = reportBatches(logger, metrics);
  try {
    return await BatchJobs.open({ folder, limits: batchLimits(config), clock, now: Date.now, onEvent });
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (NO_PLACE.has(code)) throw new StartError(`BATCH_DIR=${folder} cannot be made there (${code}).`);
    throw error;
  }
}

export function batchLimits(config: Config): BatchLimits {
  return {
    maxFileBytes: config.batchMaxFileBytes,
    maxStoredBytes: config.batchMaxStoredBytes,
    retentionS: config.batchRetentionH * 3_600,
    keyShare: config.keyShare,
    maxLines: config.batchMaxLines,
    maxLineBytes: Math.min(config.maxBodyBytes, MOST_LINE_BYTES),
    maxUnfinished: config.batchMaxUnfinished,
  };
}

export interface LineParts {
  config: StartConfig;
  /** Loaded, in the order of the settings. */
  models: readonly OpenModel[];
  logger: Logger;
  metrics: Metrics;
  inflight: InflightBytes;
}

/** What answers lines of batches with these models. */
export function openLines({ config, models, ...rest }: LineParts): Promise<LineApp> {
  const windowTokensOf = (name: string): number => {
    const at = models.findIndex((model) => model.name === name);
    const { service, engine } = models[at] ?? {};
    const ahead = BATCHES_AHEAD * (service?.model.batchTokens ?? 0) * (engine?.processIds.length ?? 1);
    return Math.min(ahead, QUEUE_PART * (config.models[at] ?? config).maxQueueTokens);
  };
  return buildLineApp({ ...rest, config, models: new ModelRegistry(models), windowTokensOf });
}

/** Lets batches run. @returns what ends that. */
export async function beginBatches(batchJobs: BatchJobs, parts: LineParts): Promise<() => Promise<void>> {
  const lines = await openLines(parts);
  batchJobs.begin(lines);
  return async () => {
    await batchJobs.stop();
    await lines.close();
  };
}
