import { setImmediate } from 'node:timers/promises';
import { SpareEngine } from '../engine/supervisor/spare-engine.ts';
import { StartError } from '../errors.ts';
import { formatOf } from '../formats/formats.ts';
import type { ObservedModel } from '../metrics/observed-metrics.ts';
import { type CgroupPlaces, checkMemory, memoryLimit, memoryOf } from './memory.ts';
import type { ModelConfig } from './model-config.ts';
import { type DescribedModel, ENGINE_ENTRY, findModel, type OpenModel, type OpenModelOptions } from './open-model.ts';

export interface OpenModelsOptions extends Omit<OpenModelOptions, 'config' | 'models'> {
  configs: readonly ModelConfig[];
  /** Where the memory limit of a container is told; tests have folders of their own. */
  cgroup?: CgroupPlaces | undefined;
}

/**
 * Opens every model of the settings, in their order, and says what they take of memory before any is loaded. The weights of
 * the first are loaded while the rest is still being opened; those of the others wait for their `start`.
 * @throws {StartError} what `openModel` throws; where there is too little memory.
 */
export async function openModels(options: OpenModelsOptions): Promise<OpenModel[]> {
  const { configs, logger, cgroup, ...rest } = options;
  const isOneOfSeveral = configs.length > 1;
  const spare = new SpareEngine(rest.engineEntry ?? ENGINE_ENTRY);
  const found: DescribedModel[] = [];
  try {
    for (const one of configs) {
      found.push(
        await findModel({ ...rest, models: configs.length, spare, logger, config: one }).catch(
          naming(one.model, isOneOfSeveral),
        ),
      );
    }
    const needs = found.map(({ name, manifest, choices }) => ({
      name,
      bytes: memoryOf(choices, ({ dtype }) => formatOf(manifest).residentBytes(manifest, dtype)),
    }));
    const limit = memoryLimit(cgroup);
    logger.info({ needs, available: limit.bytes, source: limit.source }, 'minimum memory of the models');
    checkMemory(needs, limit);
    found[0]?.beginLoading();
    // The engine is told what to load before a tokenizer, which is read in one piece.
    await setImmediate();
    const models: OpenModel[] = [];
    for (const [i, model] of found.entries()) {
      const opened = await model.open().catch(naming((configs[i] as ModelConfig).model, isOneOfSeveral));
      const start = () => opened.start().catch(naming(opened.name, isOneOfSeveral));
      models.push({ ...opened, start } as OpenModel);
    }
    return models;
  } catch (error) {
    spare.close();
    await Promise.all(found.map(({ engine }) => engine.close()));
    throw error;
  }
}

/** Settings that are told to be set or unset, and are those of all models where MODEL names several. */
const OF_ALL = /\b(TASK|POOLING|WEIGHTS)\b/;

/** An error of one of several models says which, where its own words do not. */
function naming(model: string, isOneOfSeveral: boolean): (error: unknown) => never {
  return (error) => {
    if (!isOneOfSeveral || !(error instanceof StartError)) throw error;
    const hint = OF_ALL.test(error.message) ? ' Of several models, each may have its own in MODELS_FILE.' : '';
    if (error.message.includes(model)) throw hint === '' ? error : new StartError(error.message + hint);
    throw new StartError(`${model}: ${error.message}${hint}`);
  };
}

/** What metrics tell of a model when they are collected. */
export function observeModel({ name, service, batcher, cache, engine }: OpenModel): ObservedModel {
  return {
    model: name,
    queueTokens: batcher.queueTokens,
    queueRequests: batcher.queueRequests,
    queueOldestSeconds: batcher.queueAge / 1000,
    tokensPerSecond: batcher.tokensPerSecond,
    enginesUp: engine.processesReady,
    batchAgeSeconds: engine.batchAge / 1000,
    cacheBytes: cache?.bytes ?? 0,
    cacheEvictions: cache?.evictions ?? 0,
    busyRatio: engine.busyRatio,
    batchTokens: service.model.batchTokens ?? 0,
  };
}
