import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import { Batcher } from './batching/batcher.ts';
import { systemClock as clock } from './clock.ts';
import type { Config } from './config.ts';
import type { ModelFacts } from './embedding/embedder.ts';
import { PipelineEmbedder } from './embedding/pipeline-embedder.ts';
import { createMeter } from './engine/create-meter.ts';
import { EngineSupervisor } from './engine/supervisor.ts';
import { StartError } from './errors.ts';
import { readApiKeys } from './http/auth.ts';
import { ModelNames } from './http/model-names.ts';
import { logEngineEvents } from './log-engine-events.ts';
import { logHubEvents } from './log-hub-events.ts';
import { Metrics } from './metrics.ts';
import { chooseDtype } from './model/choose-dtype.ts';
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
 * Half a second of work at the measured pace, within the sizes that fill a CPU: below 256 rows a matrix product loses
 * speed, above 1,024 it gains none, and waiting and memory grow (bench/RESULTS.md).
 */
const BATCH_SECONDS = 0.5;
const BATCH_TOKENS_RANGE = { from: 256, to: 1_024 };

/**
 * Starts the whole service: config → model → engine → embedder → app → listen. Resolves when it is ready.
 * @throws {StartError} with the one line that the operator needs.
 */
export async function serve({ config, logger, engineEntry }: ServeOptions): Promise<Service> {
  const location = await locateModel({ settings: config, onEvent: logHubEvents(logger, clock) });
  const manifest = await loadManifest(location, config.pooling);
  const dtype = chooseDtype(manifest.weights, config.dtype);
  const { hiddenSize } = manifest;
  const model: ModelFacts = {
    ...manifest,
    maxInputTokens: Math.min(config.maxInputTokens, manifest.maxTokens),
    maxRequestTokens: config.maxRequestTokens,
    dtype,
    device: null,
    fingerprint: null,
  };
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
  const engine: EngineSupervisor = new EngineSupervisor({
    entry: engineEntry ?? new URL('./engine/process.js', import.meta.url),
    manifest,
    settings: {
      device: 'cpu',
      deviceId: 0,
      dtype,
      threads: config.threads,
      maxTokens: model.maxInputTokens,
      prepacking: config.prepacking,
    },
    clock,
    onEvent: (event) => logEngineEvents(event, logger, metrics, giveUp),
  });
  let batchTokens = config.maxBatchTokens;
  const batcher = new Batcher({
    engine,
    clock,
    hiddenSize,
    batchTokens: () => batchTokens,
    createMeter: () => createMeter(manifest, dtype, batchTokens),
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
    engineUp: engine.state === 'ready',
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
    const [info, fingerprint] = await Promise.all([engine.start(), fingerprintOf(manifest, dtype, location.hashes)]);
    if (batchTokens === 0) {
      const { from, to } = BATCH_TOKENS_RANGE;
      batchTokens = Math.round(Math.min(to, Math.max(from, info.tokensPerSecond * BATCH_SECONDS)));
    }
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
      { url, model: names.served, fingerprint, device: info.device, dtype: info.dtype, batchTokens },
      'ready',
    );
    return {
      url,
      engineProcessId: () => engine.processId,
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
