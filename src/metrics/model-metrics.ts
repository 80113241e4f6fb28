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

  countEngineLoss(deviceId: number, reason: string): void {
    this.engine.restarts.inc({ reason, ...this.labels(deviceId) });
  }

  /** Why a process can be lost, so that each reason is counted from 0 on. */
  expectEngineLosses(deviceId: number, reasons: readonly string[]): void {
    for (const reason of reasons) this.engine.restarts.inc({ reason, ...this.labels(deviceId) }, 0);
  }

  observeEngine(deviceId: number, facts: { epoch: number; canaryCosine: number }): void {
    this.engine.epoch.set(this.labels(deviceId), facts.epoch);
    this.engine.canary.set(this.labels(deviceId), facts.canaryCosine);
  }

  observeEngineWork(deviceId: number, residentBytes: number, busyMilliseconds: number): void {
    this.engine.residentBytes.set(this.labels(deviceId), residentBytes);
    this.engine.busy.inc(this.labels(deviceId), busyMilliseconds / 1000);
  }

  describeBuild({ version, ...labels }: BuildLabels): void {
    this.engine.build.set({ version, model: this.model, ...labels }, 1);
  }

  private labels(deviceId: number): { model: string; device_id: string } {
    return { model: this.model, device_id: String(deviceId) };
  }
}
