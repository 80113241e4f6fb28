import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { ErrorCode } from '../errors.ts';
import type { Layout } from '../formats/model-format.ts';
import { engineMetrics } from './engine-metrics.ts';
import { defineObserved, type Observed } from './observed-metrics.ts';
import { PrefixedRegistry } from './prefixed-registry.ts';
import { requestMetrics } from './request-metrics.ts';

/** What is being done for a request. */
export const PHASES = ['receive', 'tokenize', 'queue', 'infer', 'encode', 'send'] as const;
export type Phase = (typeof PHASES)[number];

export interface RequestReport {
  method: string;
  /** The route's pattern, never the URL. */
  route: string;
  status: number;
  seconds: number;
  /** Why it was answered with an error; undefined when it was not. */
  rejectedFor: ErrorCode | undefined;
  /** What was being done for it when its client left; undefined when it did not. */
  cancelledIn: Phase | undefined;
}

export interface WorkFacts {
  inputs: number;
  failed: ErrorCode[];
  tokens: number;
  truncated: number;
  shared: number;
  cache: { hits: number; misses: number } | null;
  /** Milliseconds. */
  timings: Record<'tokenize' | 'queue' | 'infer' | 'encode', number>;
}

export interface BatchFacts {
  path: Layout;
  items: number;
  tokens: number;
  /** Token rows the engine computed. */
  computedTokens: number;
  inferMilliseconds: number;
}

type BuildLabels = Record<'version' | 'model' | 'revision' | 'fingerprint' | 'device' | 'dtype', string>;

/** Prometheus metrics. What they are is in `metrics/`; here is what the others report. */
export class Metrics {
  readonly registry: Registry;
  private readonly request: ReturnType<typeof requestMetrics>;
  private readonly engine: ReturnType<typeof engineMetrics>;

  /** @param observe called at each collection. */
  constructor(observe: () => Observed) {
    const define = new PrefixedRegistry();
    this.registry = define.registry;
    this.request = requestMetrics(define);
    this.engine = engineMetrics(define);
    defineObserved(define, observe);
    // A series that begins at 1 has no increase that an alert could see.
    for (const phase of PHASES) this.request.cancelled.inc({ phase }, 0);
    collectDefaultMetrics({ register: this.registry, prefix: define.prefix });
  }

  observeRequest({ method, route, status, seconds, rejectedFor, cancelledIn }: RequestReport): void {
    this.request.requests.inc({ method, route, status: String(status) });
    this.request.duration.observe({ route }, seconds);
    if (rejectedFor !== undefined) this.request.rejected.inc({ reason: rejectedFor });
    if (rejectedFor === 'non_finite_output') this.request.nonFinite.inc();
    if (cancelledIn !== undefined) this.request.cancelled.inc({ phase: cancelledIn });
  }

  /** Errors that requests can be answered with, so that each is counted from 0 on. */
  expectRejections(reasons: readonly ErrorCode[]): void {
    for (const reason of reasons) this.request.rejected.inc({ reason }, 0);
  }

  observeWork(work: WorkFacts): void {
    this.request.inputs.inc(work.inputs);
    this.request.tokens.inc(work.tokens);
    this.request.truncated.inc(work.truncated);
    for (const reason of work.failed) {
      this.request.failedInputs.inc({ reason });
      if (reason === 'non_finite_output') this.request.nonFinite.inc();
    }
    this.request.shared.inc(work.shared);
    this.request.cacheHits.inc(work.cache?.hits ?? 0);
    this.request.cacheMisses.inc(work.cache?.misses ?? 0);
    for (const [stage, milliseconds] of Object.entries(work.timings)) {
      this.request.stage.observe({ stage }, milliseconds / 1000);
    }
  }

  /** @param bytes of all request bodies inside, together. */
  observeBytesInside(bytes: number): void {
    this.request.bytesInside.set(bytes);
  }

  countPoisonInput(): void {
    this.request.poison.inc();
  }

  observeBatch(batch: BatchFacts): void {
    this.engine.batchItems.observe(batch.items);
    this.engine.batchTokens.observe(batch.tokens);
    if (batch.path === 'packed') this.engine.uniqueRatio.observe(batch.computedTokens / batch.tokens);
    else this.engine.paddingRatio.observe(1 - batch.tokens / batch.computedTokens);
    this.engine.batchDuration.observe(batch.inferMilliseconds / 1000);
  }

  countStaleReply(): void {
    this.engine.staleReplies.inc();
  }

  countEngineLoss(deviceId: number, reason: string): void {
    this.engine.restarts.inc({ reason, device_id: String(deviceId) });
  }

  /** Why a process can be lost, so that each reason is counted from 0 on. */
  expectEngineLosses(deviceId: number, reasons: readonly string[]): void {
    for (const reason of reasons) this.engine.restarts.inc({ reason, device_id: String(deviceId) }, 0);
  }

  observeEngine(deviceId: number, facts: { epoch: number; canaryCosine: number }): void {
    const labels = { device_id: String(deviceId) };
    this.engine.epoch.set(labels, facts.epoch);
    this.engine.canary.set(labels, facts.canaryCosine);
  }

  observeEngineWork(deviceId: number, residentBytes: number, busyMilliseconds: number): void {
    const labels = { device_id: String(deviceId) };
    this.engine.residentBytes.set(labels, residentBytes);
    this.engine.busy.inc(labels, busyMilliseconds / 1000);
  }

  describeBuild(labels: BuildLabels): void {
    this.engine.build.reset();
    this.engine.build.set(labels, 1);
  }
}
