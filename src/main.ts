import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import { batchBudget } from './batch-budget.ts';
import { Batcher } from './batching/batcher.ts';
import { chooseEngines } from './choose-engines.ts';
import { systemClock as clock } from './clock.ts';
import type { Config } from './config.ts';
import type { ModelFacts } from './embedding/embedder.ts';
import { PipelineEmbedder } from './embedding/pipeline-embedder.ts';
import { createMeter } from './engine/create-meter.ts';
import { EngineGroup } from './engine/engine-group.ts';
import type { Device } from './engine/protocol.ts';
import { EngineSupervisor } from './engine/supervisor.ts';
import { StartError } from './errors.ts';
import { readApiKeys } from './http/auth.ts';
import { ModelNames } from './http/model-names.ts';
import { logEngineEvents } from './log-engine-events.ts';
import { logHubEvents } from './log-hub-events.ts';
import { Metrics } from './metrics.ts';
import { fingerprintOf } from './model/fingerprint.ts';
import { loadManifest } from './model/load-manifest.ts';
import { locateModel } from './model/locate-model.ts';
import { packageVersion } from './package-info.ts';
import { shutDown } from './shutdown.ts';
import { checkTokenizer } from './tokenization/check-tokenizer.ts';
import { loadNativeTokenizer } from './tokenization/native-tokenizer.ts';

export interface Service {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  url: string;
  engineProcessId: () => number | undefined;
  /** Resolves when the engine is given up for good: the process should end. */
  failed: Promise<string>;
  /** Drains and ends everything. */
  close: () => Promise<void>;
}

export interface ServeOptions {
  config: Config;
  logger: Logger;
  /** The engine process; tests put a fake one here that speaks the same protocol. */
  engineEntry?: URL;
}

/**
 * Starts the whole service: config → model → engine → embedder → app → listen. Resolves when it is ready.
 * @throws {StartError} with the one line that the operator needs.
 */
export async function serve({ config, logger, engineEntry }: ServeOptions): Promise<Service> {
  const location = await locateModel({ settings: config, onEvent: logHubEvents(logger, clock) });
  const manifest = await loadManifest(location, config.pooling);
  const { hiddenSize } = manifest;
  const model: ModelFacts = {
    ...manifest,
    maxInputTokens: Math.min(config.maxInputTokens, manifest.maxTokens),
    maxRequestTokens: config.maxRequestTokens,
    dtype: null,
    device: null,
    fingerprint: null,
  };
  const { choices, absent } = chooseEngines(config, manifest, model.maxInputTokens);
  const names = new ModelNames(config.servedModelName || manifest.name, config.aliases);
  const apiKeys = config.apiKeysFile === '' ? null : readApiKeys(config.apiKeysFile);
  const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile, {
    needsEndToken: manifest.pooling === 'last_token',
    lowercase: manifest.lowercase,
  });
  await checkTokenizer(tokenizer, manifest.canary?.cases ?? []);

  let giveUp: (reason: string) => void = () => {};
  const failed = new Promise<string>((resolve) => {
    giveUp = resolve;
  });
  const passedOver = (device: Device, reason: string) => logger.info({ device, reason }, 'device not used');
  for (const { device, reason } of absent) passedOver(device, reason);
  const engine = new EngineGroup({
    choices,
    createEngine: (settings) =>
      new EngineSupervisor({
        entry: engineEntry ?? new URL('./engine/process.js', import.meta.url),
        manifest,
        settings,
        clock,
        onEvent: (event) => logEngineEvents(event, settings.deviceId, logger, metrics),
      }),
    onPassedOver: ([settings], reason) => settings !== undefined && passedOver(settings.device, reason),
  });
  engine.onStateChange((state) => state === 'failed' && giveUp('every engine process was given up'));
  let batchTokens = config.maxBatchTokens;
  const batcher = new Batcher({
    engine,
    clock,
    hiddenSize,
    batchTokens: () => batchTokens,
    createMeter: () => createMeter(manifest, engine.info?.dtype ?? 'fp32', batchTokens),
    maxQueueTokens: config.maxQueueTokens,
    keyShare: config.keyShare,
    random: Math.random,
    onBatch: (batch) => metrics.observeBatch({ ...batch, path: manifest.weights.kind }),
  });
  const embedder = new PipelineEmbedder({ model, tokenizer, batcher, clock });
  const metrics: Metrics = new Metrics(() => ({
    queueTokens: batcher.queueTokens,
    queueRequests: batcher.queueRequests,
    queueOldestSeconds: batcher.queueAge / 1000,
    tokensPerSecond: batcher.tokensPerSecond,
    enginesUp: engine.processesReady,
    ready: embedder.readiness().ready,
    batchAgeSeconds: engine.batchAge / 1000,
  }));
  const app = await buildApp({
    config,
    embedder,
    names,
    metrics,
    logger,
    apiKeys,
    isDraining: () => embedder.isDraining,
  });

  try {
    // The port opens first: a taken one is known before a large model is loaded, and probes are answered meanwhile.
    const url = await app.listen({ host: config.host, port: config.port }).catch((error: NodeJS.ErrnoException) => {
      throw new StartError(`Cannot listen on ${config.host}:${config.port}: ${explainListenError(error)}`);
    });
    const starting = engine.start();
    // The precision is part of the fingerprint: hashing the weights need not wait where there is no choice of it.
    const dtypes = new Set(choices.flat().map(({ dtype }) => dtype));
    const [onlyDtype, ...otherDtypes] = dtypes;
    const dtype = onlyDtype === undefined || otherDtypes.length > 0 ? (await starting).dtype : onlyDtype;
    const [info, fingerprint] = await Promise.all([starting, fingerprintOf(manifest, dtype, location.hashes)]);
    if (batchTokens === 0) {
      const [used] = choices.find(([settings]) => settings?.device === info.device) ?? [];
      batchTokens = batchBudget(info, engine.processesReady, used?.maxBatchTokens ?? 0);
    }
    model.dtype = info.dtype;
    model.device = info.device;
    model.fingerprint = fingerprint;
    metrics.describeBuild({
      version: packageVersion,
      model: names.served,
      revision: manifest.revision ?? '',
      fingerprint,
      device: info.device,
      dtype: info.dtype,
    });
    logger.info(
      {
        url,
        model: names.served,
        fingerprint,
        device: info.device,
        dtype: info.dtype,
        engines: engine.processesReady,
        batchTokens,
      },
      'ready',
    );
    return {
      url,
      engineProcessId: () => engine.processIds[0],
      failed,
      close: () =>
        shutDown({
          app,
          clock,
          drainDelayMs: config.drainDelayMs,
          drainMs: config.drainMs,
          failReadiness: () => embedder.announceDrain(),
          closeEngine: () => engine.close(),
        }),
    };
  } catch (error) {
    await engine.close();
    await app.close();
    throw error;
  }
}

function explainListenError({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'the port is taken. Set PORT to another one, or stop the program that uses it.';
  if (code === 'EACCES') return 'not permitted. Set PORT to one above 1023.';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address. Check HOST.';
  return message;
}
