import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { partBesideQueries } from '../batching/batch-meter.ts';
import { Batcher } from '../batching/batcher.ts';
import type { BatchReport } from '../batching/dispatcher.ts';
import type { PoisonReport } from '../batching/trials.ts';
import type { Clock } from '../clock.ts';
import type { Calibration, Device, EngineInfo } from '../engine/protocol.ts';
import type { EngineEvent } from '../engine/supervisor/engine-events.ts';
import { type EngineChoice, EngineGroup } from '../engine/supervisor/engine-group.ts';
import type { SpareEngine } from '../engine/supervisor/spare-engine.ts';
import { EngineSupervisor } from '../engine/supervisor/supervisor.ts';
import { describeModel } from '../formats/describe-model.ts';
import { formatOf } from '../formats/formats.ts';
import type { Layout } from '../formats/model-format.ts';
import { logHubEvents } from '../log/hub-events.ts';
import { logInt8Events } from '../log/int8-events.ts';
import { logLeftAside } from '../log/left-aside.ts';
import type { EnginePlace } from '../metrics/model-metrics.ts';
import { FileHashes, FileStamps } from '../model-files/file-hashes.ts';
import { fingerprintOf } from '../model-files/fingerprint.ts';
import { int8Folders } from '../model-files/int8/int8-folders.ts';
import { findPublishedTask } from '../model-files/known/published-hashes.ts';
import { findPublishedTruth, type PublishedTruth } from '../model-files/known/published-truth.ts';
import { locateModel } from '../model-files/locate-model.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import { chooseEngines, type Favor } from './choose-engines.ts';
import { watchEngine } from './engine-health.ts';
import type { ModelConfig } from './model-config.ts';
import { type OpenService, openService } from './open-service.ts';
import type { ServedModel } from './served-model.ts';

export const ENGINE_ENTRY = new URL('../engine/process/process.js', import.meta.url);

/** Told what happens to a model. */
export interface ModelReports {
  onBatch?: (batch: BatchReport & { path: Layout }) => void;
  onPoison?: (input: PoisonReport) => void;
  onAcquittal?: (input: { tokens: number }) => void;
  onEngineEvent: (event: EngineEvent, place: EnginePlace) => void;
}

export interface OpenModelOptions {
  config: ModelConfig;
  logger: Logger;
  clock: Clock;
  /** @param name of the model. */
  reports: (name: string) => ModelReports;
  /** The engine process; tests put a fake one here that speaks the same protocol. */
  engineEntry?: URL | undefined;
  /** An engine process that was started already. */
  spare?: SpareEngine | undefined;
  /** What matters more where ENGINES_PER_DEVICE leaves it open. */
  favor?: Favor;
  /** Models that are opened with it, itself included. Left out: it is alone. */
  models?: number;
  /** Files are written after this only. Left out: at once. */
  mayWrite?: Promise<unknown> | undefined;
}

/** What the engine process and the files turned out to be. */
export interface StartedModel {
  info: EngineInfo;
  fingerprint: string;
  batchTokens: number;
  /** What `batchTokens` rests on: the setting, or the calibration of the engine. */
  batchTokensFrom: 'MAX_BATCH_TOKENS' | Calibration['basis'];
}

/** What computes a served model. */
interface Computed {
  readonly manifest: ModelManifest;
  /** What others published about the model; undefined for most. */
  readonly truth: PublishedTruth | undefined;
  readonly batcher: Batcher;
  readonly engine: EngineGroup;
  /** What it may be computed on, the best first. */
  readonly choices: readonly EngineChoice[];
  /** Loads the weights, and resolves when the canary has passed. */
  readonly start: () => Promise<StartedModel>;
}

/** A served model and what computes it. */
export type OpenModel = Omit<ServedModel, 'task' | 'service'> & OpenService & Computed;

/** A model that was found and described. */
export interface DescribedModel extends Pick<Computed, 'manifest' | 'engine' | 'choices'> {
  readonly name: string;
  /** Begins to load the weights: the rest of a start takes as long as a part of that. `start` tells how it went. */
  readonly beginLoading: () => void;
  /** Opens the tokenizer and what answers requests. @throws {StartError} */
  readonly open: () => Promise<OpenModel>;
}

/**
 * Settings → model found → engine → tokenizer → what answers requests, all but started.
 * @throws {StartError} with the one line that the operator needs.
 */
export async function openModel(options: OpenModelOptions): Promise<OpenModel> {
  return (await findModel(options)).open();
}

/**
 * The first half of {@link openModel}: settings → model found → engine.
 * @throws {StartError} with the one line that the operator needs.
 */
export async function findModel(options: OpenModelOptions): Promise<DescribedModel> {
  const { config, logger, clock, favor = 'latency', models = 1, mayWrite, spare } = options;
  const location = await locateModel({ settings: config, onEvent: logHubEvents(logger, clock) });
  const files = new FileHashes(location.hashes);
  const publishedTask = () => findPublishedTask(location.folder, files);
  const onLocate = (file: string) => files.watch([file]);
  const described = await describeModel({ ...location, onLocate }, { ...config, publishedTask });
  const format = formatOf(described);
  const truth = await findPublishedTruth({ ...described, weightFiles: format.engineFiles(described) }, files);
  const canary = truth?.canary ?? described.canary;
  const manifest = { ...described, canary, scoreCanary: truth?.scoreCanary ?? described.scoreCanary };
  const name = config.servedModelName || manifest.name;
  const { leftAside } = manifest;
  if (leftAside !== null) logLeftAside(logger, { model: name, weights: format.weightKind, leftAside });
  const { onBatch, onPoison, onAcquittal, onEngineEvent } = options.reports(name);
  const maxTokens = Math.min(config.maxInputTokens, manifest.maxTokens);
  const { choices, absent } = chooseEngines({ config, manifest, maxTokens, favor, models });
  const passedOver = (device: Device, reason: string) =>
    logger.info({ model: name, device, reason }, 'device not used');
  for (const { device, reason } of absent) passedOver(device, reason);
  let loaded = manifest;
  let stamps: FileStamps | undefined;
  const engine = new EngineGroup({
    choices,
    createEngine: (settings, index) =>
      new EngineSupervisor({
        entry: options.engineEntry ?? ENGINE_ENTRY,
        spare,
        manifest: loaded,
        settings,
        clock,
        onEvent: (event) => onEngineEvent(event, { deviceId: settings.deviceId, engine: index }),
        changedFile: () => stamps?.changed,
      }),
    onPassedOver: ([settings], reason) => settings !== undefined && passedOver(settings.device, reason),
  });
  let batchTokens = config.maxBatchTokens;
  let bulkPart = 1;
  const batcher = new Batcher({
    engine,
    clock,
    hiddenSize: manifest.hiddenSize,
    createMeter: () => format.meter(manifest, engine.info?.dtype ?? 'fp32', batchTokens),
    partBesideQueries: () => bulkPart,
    maxQueueTokens: config.maxQueueTokens,
    keyShare: config.keyShare,
    random: Math.random,
    onBatch: (batch) => onBatch?.({ ...batch, path: format.layout }),
    onPoison,
    onAcquittal,
  });
  const mayMake = Promise.all([mayWrite, location.verified]);
  // Whatever is damaged, `load` tells it.
  mayMake.catch(() => {});
  const load = async (): Promise<{ info: EngineInfo; fingerprint: string }> => {
    const dtypes = new Set(choices.flat().map(({ dtype }) => dtype));
    const folders = () => int8Folders(location, config);
    loaded = await format.prepare(manifest, dtypes, {
      folders,
      files,
      onEvent: logInt8Events(manifest.name, logger, clock),
      mayWrite: mayMake,
      onPresumed: (presumed) => {
        const [settings] = choices[0] as EngineChoice;
        if (settings === undefined) return;
        stamps = new FileStamps(format.engineFiles(presumed));
        spare?.beginLoading({ manifest: presumed, settings });
      },
    });
    // What was loaded before it was hashed must be what was hashed.
    if (stamps?.changed !== undefined) spare?.close();
    const starting = engine.start();
    // The precision is part of the fingerprint: hashing the weights need not wait if there is no choice.
    const [only, ...others] = dtypes;
    const dtype = only === undefined || others.length > 0 ? (await starting).dtype : only;
    const fingerprinted = fingerprintOf(manifest, dtype, files);
    const [info, fingerprint] = await Promise.all([starting, fingerprinted, location.verified]);
    return { info, fingerprint };
  };
  /** Vectors, tokens and fingerprint must be of the same files, whatever was written meanwhile. */
  const checkUnchanged = async () => {
    // Before they are compared: what changes later is noticed when an engine is lost.
    stamps = new FileStamps(format.engineFiles(loaded));
    await files.checkUnchanged([...format.engineFiles(loaded), manifest.tokenizerFile]);
  };
  let loading: ReturnType<typeof load> | undefined;
  const beginLoading = () => {
    loading ??= load().catch(async (error) => {
      // Weights that are damaged, or were changed, are the reason for whatever else is wrong with what they compute.
      await location.verified;
      await checkUnchanged();
      throw error;
    });
    // Whoever starts the model is told.
    loading.catch(() => {});
    return loading;
  };

  const open = async (): Promise<OpenModel> => {
    const opened = await openService({ manifest, config, clock, batcher, layout: format.layout });
    if (opened.task === 'rerank') {
      const { template, activation, defaultInstruction } = opened.service.model;
      logger.info({ model: name, template, activation, defaultInstruction }, 'how the reranker reads pairs');
    }
    if (manifest.textRules !== null) logger.info({ model: name, ...manifest.textRules }, 'how the model reads texts');
    const start = async (): Promise<StartedModel> => {
      const { info, fingerprint } = await beginLoading();
      await checkUnchanged();
      const choice = choices.find(([settings]) => settings?.device === info.device) as EngineChoice;
      if (config.enginesPerDevice === 0 && choice.length > config.deviceId.length) {
        const threads = choice[0]?.threads;
        logger.info({ model: name, engines: choice.length, threads }, 'chose several engine processes for whole files');
      }
      batchTokens = config.maxBatchTokens || info.calibration.batchTokens;
      bulkPart = partBesideQueries(info.calibration.curve, batchTokens);
      const weightBytes = format.weightFiles(manifest, info.dtype).reduce((sum, file) => sum + statSync(file).size, 0);
      opened.service.begin({ device: info.device, dtype: info.dtype, fingerprint, batchTokens, weightBytes });
      const batchTokensFrom = config.maxBatchTokens > 0 ? 'MAX_BATCH_TOKENS' : info.calibration.basis;
      return { info, fingerprint, batchTokens, batchTokensFrom };
    };
    const names = [...new Set([name, ...config.aliases])];
    return { name, names, ...opened, engineHealth, manifest, truth, batcher, engine, choices, start };
  };
  const engineHealth = watchEngine(engine, clock);
  return { name, manifest, engine, choices, beginLoading, open };
}
