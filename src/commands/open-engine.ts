import type { Logger } from 'pino';
import { systemClock } from '../clock.ts';
import { StartError } from '../errors.ts';
import { reportModel } from '../log/model-events.ts';
import { Metrics } from '../metrics/metrics.ts';
import { NOTHING_OBSERVED } from '../metrics/observed-metrics.ts';
import type { TaskName } from '../model-files/manifest.ts';
import { type OpenModel, openModel, type StartedModel } from '../served-models/open-model.ts';
import type { StartConfig } from '../settings/config.ts';
import { adviceOn } from './starter-advice.ts';

/** A model whose engine is ready. */
export interface OpenEngine<Task extends TaskName> {
  model: Extract<OpenModel, { task: Task }>;
  started: StartedModel;
}

export interface OpenEngineOptions<Task extends TaskName> {
  config: StartConfig;
  logger: Logger;
  /** What the model must be for. */
  task: Task;
  /** Refuses what the model cannot do, before its weights are loaded. */
  check: (model: OpenEngine<Task>['model']) => void;
}

const TASKS: Readonly<Record<TaskName, string>> = { embed: 'embeds texts', rerank: 'scores pairs of texts' };
/** What to set where a model is for something else. */
const SUCH_AS: Readonly<Record<TaskName, string>> = {
  embed: '--model Qwen/Qwen3-Embedding-0.6B, say',
  rerank:
    '--model Qwen/Qwen3-Reranker-0.6B, say, or --model starter-reranker to see what comes out (docs/reranking.md)',
};

/**
 * Opens the one model of the settings, and its engine, for a run over files.
 * @throws {StartError}
 */
export async function openEngine<Task extends TaskName>({
  config,
  logger,
  task,
  check,
}: OpenEngineOptions<Task>): Promise<OpenEngine<Task>> {
  const [one, ...others] = config.models;
  if (one === undefined || others.length > 0) {
    throw new StartError(`MODEL names ${config.models.length} models; a run computes with one.`);
  }
  const advice = adviceOn(one.model);
  if (advice !== undefined) logger.warn(advice);
  // What is counted, no one asks for; what is logged is the same as of a server.
  const metrics = new Metrics(() => NOTHING_OBSERVED);
  const model = await openModel({
    // Calls are let in as fast as the engine takes them, and equal texts are computed once without a cache.
    config: { ...one, maxQueueTokens: Number.MAX_SAFE_INTEGER, keyShare: 1, vectorCacheMb: 0 },
    logger,
    clock: systemClock,
    favor: 'throughput',
    reports: (name) => reportModel(name, logger, metrics.of(name)),
  });
  if (!isFor(model, task)) {
    const which = one.model === 'starter' ? 'The starter, which it is without --model (or MODEL),' : model.name;
    throw new StartError(
      `${which} ${TASKS[model.task]}; this needs a model that ${TASKS[task]}. Give one: ${SUCH_AS[task]}.`,
    );
  }
  try {
    check(model);
    return { model, started: await model.start() };
  } catch (error) {
    await model.engine.close();
    throw error;
  }
}

function isFor<Task extends TaskName>(model: OpenModel, task: Task): model is Extract<OpenModel, { task: Task }> {
  return model.task === task;
}
