import type { Layout } from '../formats/model-format.ts';
import type { EngineMetrics } from './engine-metrics.ts';
import type { RequestMetrics } from './request-metrics.ts';

export interface BatchFacts {
  path: Layout;
  items: number;
  tokens: number;
  /** Token rows the engine computed. */
  computedTokens: number;
  inferMilliseconds: number;
}

/** Which of a model's engine processes something happened to. */
export interface EnginePlace {
  deviceId: number;
  /** Counted from 0, over all devices. */
  engine: number;
}

type BuildLabels = Record<'version' | 'revision' | 'fingerprint' | 'device' | 'dtype', string>;

/** What is told of one model: its batches and its engine processes. */
export class ModelMetrics {
  private readonly model: string;
  private readonly engine: EngineMetrics;
  private readonly request: RequestMetrics;

  /** @param model its served name: the label. */
  constructor(model: string, engine: EngineMetrics, request: RequestMetrics) {
    this.model = model;
    this.engine = engine;
    this.request = request;
    // A series that begins at 1 has no increase that an alert could see.
    const { inputs, tokens, truncated, shared, cacheHits, cacheMisses, nonFinite, poison } = request;
    for (const counter of [inputs, tokens, truncated, shared, cacheHits, cacheMisses, nonFinite, poison]) {
      counter.inc({ model }, 0);
    }
    engine.staleReplies.inc({ model }, 0);
    const { batchItems, batchTokens, uniqueRatio, paddingRatio, batchDuration } = engine;
    for (const histogram of [batchItems, batchTokens, uniqueRatio, paddingRatio, batchDuration])
      histogram.zero({ model });
  }

  countPoisonInput(): void {
    this.request.poison.inc({ model: this.model });
  }

  observeBatch(batch: BatchFacts): void {
    const { model, engine } = this;
    engine.batchItems.observe({ model }, batch.items);
    engine.batchTokens.observe({ model }, batch.tokens);
    if (batch.path === 'shared') engine.uniqueRatio.observe({ model }, batch.computedTokens / batch.tokens);
    if (batch.path === 'padded') engine.paddingRatio.observe({ model }, 1 - batch.tokens / batch.computedTokens);
    engine.batchDuration.observe({ model }, batch.inferMilliseconds / 1000);
  }

  countStaleReply(): void {
    this.engine.staleReplies.inc({ model: this.model });
  }

  countEngineLoss(place: EnginePlace, reason: string): void {
    this.engine.restarts.inc({ reason, ...this.labels(place) });
  }

  /** Why a process can be lost, so that each reason is counted from 0 on. */
  expectEngineLosses(place: EnginePlace, reasons: readonly string[]): void {
    for (const reason of reasons) this.engine.restarts.inc({ reason, ...this.labels(place) }, 0);
  }

  observeEngine(place: EnginePlace, facts: { epoch: number; canaryCosine: number }): void {
    this.engine.epoch.set(this.labels(place), facts.epoch);
    this.engine.canary.set(this.labels(place), facts.canaryCosine);
  }

  observeEngineWork(place: EnginePlace, residentBytes: number, busyMilliseconds: number): void {
    this.engine.residentBytes.set(this.labels(place), residentBytes);
    this.engine.busy.inc(this.labels(place), busyMilliseconds / 1000);
  }

  describeBuild({ version, ...labels }: BuildLabels): void {
    this.engine.build.set({ version, model: this.model, ...labels }, 1);
  }

  private labels({ deviceId, engine }: EnginePlace): Record<'model' | 'device_id' | 'engine', string> {
    return { model: this.model, device_id: String(deviceId), engine: String(engine) };
  }
}
