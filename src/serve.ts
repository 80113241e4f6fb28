import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import { systemClock as clock } from './clock.ts';
import { buildApp } from './http/app.ts';
import { ApiKeys, readApiKeys, reloadApiKeys } from './http/door/api-keys.ts';
import { listen } from './http/door/listen.ts';
import { closeNow, shutDown } from './http/door/shut-down.ts';
import { buildMetricsApp } from './http/metrics-app.ts';
import { logEngineEvents } from './log/engine-events.ts';
import { logExportEvents } from './log/export-events.ts';
import { Metrics } from './metrics/metrics.ts';
import { packageVersion } from './package-info.ts';
import { openModel } from './served-models/open-model.ts';
import { Readiness } from './served-models/readiness.ts';
import { ModelRegistry } from './served-models/registry.ts';
import type { Config } from './settings/config.ts';
import { openTracer } from './tracing/open-tracer.ts';

export interface Service {
  /** Where it listens, and what its paths begin with, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** Where `/metrics` is, if not there. */
  metricsUrl: string | undefined;
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
  /** Lines of the log that were lost so far. */
  logLinesDropped?: () => number;
  /** Given what SIGHUP is to do: read the API keys again. */
  onHangup?: (reload: () => void) => void;
}

/**
 * Starts the whole service: config → model → engine → embedder → app → listen. Resolves when it is ready.
 * @throws {StartError} with the one line that the operator needs.
 */
export async function serve(options: ServeOptions): Promise<Service> {
  const { config, logger, engineEntry, logLinesDropped, onHangup } = options;
  const apiKeys = config.apiKeysFile === '' ? null : new ApiKeys(() => readApiKeys(config.apiKeysFile));
  onHangup?.(() => reloadApiKeys(apiKeys, logger));
  const opened = await openModel({
    config,
    logger,
    clock,
    engineEntry,
    onBatch: (batch) => metrics.observeBatch(batch),
    onPoison: (input) => {
      metrics.countPoisonInput();
      logger.error(input, 'found the input of a failed batch, refused it');
    },
    onAcquittal: (input) => logger.warn(input, 'computed an input that had been refused'),
    onEngineEvent: (event, deviceId) => logEngineEvents(event, deviceId, logger, metrics),
  });
  const { manifest, embedder, batcher, cache, engine } = opened;
  const models = new ModelRegistry([opened]);
  const readiness = new Readiness(models.models, clock);
  const failed = new Promise<string>((resolve) => {
    engine.onStateChange((state) => state === 'failed' && resolve('every engine process was given up'));
  });
  const metrics: Metrics = new Metrics(() => ({
    queueTokens: batcher.queueTokens,
    queueRequests: batcher.queueRequests,
    queueOldestSeconds: batcher.queueAge / 1000,
    tokensPerSecond: batcher.tokensPerSecond,
    enginesUp: engine.processesReady,
    ready: embedder.readiness().ready,
    batchAgeSeconds: engine.batchAge / 1000,
    cacheBytes: cache?.bytes ?? 0,
    cacheEvictions: cache?.evictions ?? 0,
    busyRatio: engine.busyRatio,
    batchTokens: embedder.model.batchTokens ?? 0,
    logLinesDropped: logLinesDropped?.() ?? 0,
  }));
  const tracer = await openTracer(config, logExportEvents(logger));
  const isDraining = () => readiness.isDraining;
  const basics = { config, readiness, metrics, logger, apiKeys, tracer };
  const drained = new AbortController();
  // Each body that is being received listens to it.
  setMaxListeners(0, drained.signal);
  const app = await buildApp({ ...basics, models, isDraining, drained: drained.signal });
  const metricsApp = config.metricsPort === 0 ? undefined : await buildMetricsApp(basics);

  try {
    // The port opens first: a taken one is known before a large model is loaded, and probes are answered meanwhile.
    const url = (await listen(app, { ...config, hostSetting: 'HOST', portSetting: 'PORT' })) + config.basePath;
    const metricsAddress = { host: config.metricsHost, port: config.metricsPort };
    const metricsSettings = { hostSetting: 'METRICS_HOST', portSetting: 'METRICS_PORT' };
    const metricsUrl = metricsApp && (await listen(metricsApp, { ...metricsAddress, ...metricsSettings }));
    const { info, fingerprint, batchTokens, batchTokensFrom } = await opened.start();
    const { device, dtype } = info;
    const model = opened.name;
    const revision = manifest.revision ?? '';
    metrics.describeBuild({ version: packageVersion, model, revision, fingerprint, device, dtype });
    const engines = engine.processesReady;
    logger.info({ url, metricsUrl, model, fingerprint, device, dtype, engines, batchTokens, batchTokensFrom }, 'ready');
    return {
      url,
      metricsUrl,
      engineProcessId: () => engine.processIds[0],
      failed,
      close: async () => {
        await shutDown({
          app,
          metricsApp,
          clock,
          drainDelayMs: config.drainDelayMs,
          drainMs: config.drainMs,
          failReadiness: () => {
            readiness.isDraining = true;
            embedder.announceDrain();
          },
          closeEngine: () => {
            drained.abort();
            return engine.close();
          },
        });
        await tracer?.close();
      },
    };
  } catch (error) {
    await engine.close();
    await tracer?.close();
    await closeNow(metricsApp);
    await closeNow(app);
    throw error;
  }
}
