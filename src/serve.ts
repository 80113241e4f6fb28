import { setMaxListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Clock, systemClock } from './clock.ts';
import { ApiKeys, readApiKeys, reloadApiKeys } from './http/door/api-keys.ts';
import { listen } from './http/door/listen.ts';
import { closeNow, shutDown } from './http/door/shut-down.ts';
import { reportModel } from './log/model-events.ts';
import { NO_BATCHES } from './metrics/batch-job-metrics.ts';
import { Metrics } from './metrics/metrics.ts';
import { packageVersion } from './package-info.ts';
import { beginBatches, openBatches } from './serve-batches.ts';
import type { OpenModel } from './served-models/open-model.ts';
import { type OpenModelsOptions, observeModel, openModels } from './served-models/open-models.ts';
import { Readiness } from './served-models/readiness.ts';
import { ModelRegistry } from './served-models/registry.ts';
import type { StartConfig } from './settings/config.ts';
import { openTracer } from './tracing/open-tracer.ts';

export interface Service {
  /** Where it listens, and what its paths begin with, e.g. `http://127.0.0.1:8080`. */
  url: string;
  /** Where `/metrics` is, if not there. */
  metricsUrl: string | undefined;
  /** Of the model of that name; left out: of the first. */
  engineProcessId: (model?: string) => number | undefined;
  /** Resolves when every engine is given up for good: the process should end. */
  failed: Promise<string>;
  /** Drains and ends everything. */
  close: () => Promise<void>;
}

export interface ServeOptions extends Pick<OpenModelsOptions, 'logger' | 'engineEntry' | 'cgroup'> {
  config: StartConfig;
  /** Tests have their own. */
  clock?: Clock;
  /** Lines of the log that were lost so far. */
  logLinesDropped?: () => number;
  /** Given what SIGHUP is to do: read the API keys again. */
  onHangup?: (reload: () => void) => void;
}

/**
 * Starts the whole service: settings → served models → app → listen → models loaded. Resolves when it is ready.
 * @throws {StartError} with the one line that the operator needs.
 */
export async function serve(options: ServeOptions): Promise<Service> {
  const { config, logger, clock = systemClock, engineEntry, cgroup, logLinesDropped, onHangup } = options;
  const apiKeys = config.apiKeysFile === '' ? null : new ApiKeys(() => readApiKeys(config.apiKeysFile));
  onHangup?.(() => reloadApiKeys(apiKeys, logger));

  const metrics: Metrics = new Metrics(() => ({
    models: models.map(observeModel),
    ready: readiness.isReady,
    batches: batchJobs?.observe() ?? NO_BATCHES,
    logLinesDropped: logLinesDropped?.() ?? 0,
  }));
  const reports = (name: string) => reportModel(name, logger, metrics.of(name));
  let tellPortIsOpen = () => {};
  // A port that is taken must not leave half of an int8 file behind, each time that whatever starts the server tries again.
  const mayWrite = new Promise<void>((resolve) => {
    tellPortIsOpen = resolve;
  });
  // Of two servers with one folder the second is told at once.
  const batchJobs = await openBatches({ config, logger, metrics, clock });
  const models = await openModels({
    configs: config.models,
    logger,
    clock,
    engineEntry,
    cgroup,
    reports,
    mayWrite,
  }).catch(async (error) => {
    await batchJobs?.stop();
    throw error;
  });
  const registry = new ModelRegistry(models);
  const readiness = new Readiness(models, clock);
  const closeEngines = () => Promise.all(models.map(({ engine }) => engine.close()));
  const failed = new Promise<string>((resolve) => {
    const tell = () => readiness.isGivenUp && resolve('every engine process was given up');
    for (const { engine } of models) engine.onStateChange(tell);
  });

  /** What there is to close if the start fails. */
  const closers: (() => Promise<unknown>)[] = [closeEngines, async () => batchJobs?.stop()];
  try {
    const tracer = await openTracer(config, (event) => {
      if (event.kind === 'failing') logger.warn({ reason: event.reason }, 'traces cannot be sent');
      else logger.info({ lost: event.lost }, 'traces can be sent again');
    });
    closers.push(async () => tracer?.close());
    const drained = new AbortController();
    // Each body that is being received listens to it.
    setMaxListeners(0, drained.signal);
    const basics = { config, readiness, metrics, logger, apiKeys, tracer };
    const isDraining = () => readiness.isDraining;
    // Loaded while the engine loads: it takes a tenth of a second.
    const [{ buildApp, openInflight }, { buildMetricsApp }] = await Promise.all([
      import('./http/app.ts'),
      import('./http/metrics-app.ts'),
    ]);
    const inflight = openInflight(config, metrics);
    const app = await buildApp({
      ...basics,
      models: registry,
      isDraining,
      drained: drained.signal,
      inflight,
      batchJobs,
    });
    const metricsApp = config.metricsPort === 0 ? undefined : await buildMetricsApp(basics);
    closers.push(
      () => closeNow(metricsApp),
      () => closeNow(app),
    );

    // The port opens before the weights are loaded: a taken one is known soon, and probes are answered meanwhile.
    const url = (await listen(app, { ...config, prefix: '' })) + config.basePath;
    const metricsAddress = { host: config.metricsHost, port: config.metricsPort, prefix: 'METRICS_' } as const;
    const metricsUrl = metricsApp && (await listen(metricsApp, metricsAddress));
    tellPortIsOpen();
    const loaded = await loadModels(models, metrics);
    const endBatches = batchJobs && (await beginBatches(batchJobs, { config, models, logger, metrics, inflight }));
    collectGarbage();
    logger.info({ url, metricsUrl, ...(loaded.length === 1 ? loaded[0] : { models: loaded }) }, 'ready');
    return {
      url,
      metricsUrl,
      engineProcessId: (name) => (models.find((model) => model.name === name) ?? models[0])?.engine.processIds[0],
      failed,
      close: async () => {
        // What of them is under way is finished with the requests, or after the next start.
        const batchesEnded = endBatches?.();
        await shutDown({
          app,
          metricsApp,
          clock,
          config,
          failReadiness: () => readiness.announceDrain(),
          closeEngine: async () => {
            drained.abort();
            await closeEngines();
          },
        });
        await batchesEnded;
        await tracer?.close();
      },
    };
  } catch (error) {
    for (const close of closers) await close();
    throw error;
  }
}

/** One after the other: each measures how fast it is. */
async function loadModels(models: readonly OpenModel[], metrics: Metrics): Promise<object[]> {
  const loaded: object[] = [];
  for (const { name: model, manifest, service, engine, start } of models) {
    const { info, fingerprint, batchTokens, batchTokensFrom } = await start();
    const { device, dtype } = info;
    const { weights } = service.model;
    const revision = manifest.revision ?? '';
    metrics.of(model).describeBuild({ version: packageVersion, revision, fingerprint, device, dtype });
    const engines = engine.processesReady;
    loaded.push({ model, fingerprint, weights, device, dtype, engines, batchTokens, batchTokensFrom });
  }
  return loaded;
}

/**
 * Collects all garbage on the JavaScript heap at once, and gives its pages back to the system: 50 to 100 milliseconds, for a moment at which
 * nobody waits. Left to itself V8 keeps what a start leaves behind, such as a tokenizer's file as objects, until memory runs short.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  // What the first makes unreachable by its finalizers, such as buffers outside the heap, the second gives back.
  collect();
  collect();
}
