import { collectDefaultMetrics, type Registry } from 'prom-client';
import type { BatchEvent } from '../batch-jobs/batch-events.ts';
import type { ErrorCode } from '../errors.ts';
import { BatchJobMetrics } from './batch-job-metrics.ts';
import { type EngineMetrics, engineMetrics } from './engine-metrics.ts';
import { ModelMetrics } from './model-metrics.ts';
import { defineObserved, type Observed } from './observed-metrics.ts';
import { PrefixedRegistry } from './prefixed-registry.ts';
import { type RequestMetrics, requestMetrics } from './request-metrics.ts';

/** What is being done for a request. */
export const PHASES = ['receive', 'tokenize', 'queue', 'infer', 'encode', 'send'] as const;
export type Phase = (typeof PHASES)[number];

export interface RequestReport {
  method: string;
  /** The route's pattern, never the URL. */
  route: string;
  /** Served name of the model it asked for; undefined where it asked for none. */
  model: string | undefined;
  status: number;
  seconds: number;
  /** Why it was answered with an error; undefined when it was not. */
  rejectedFor: ErrorCode | undefined;
  /** What was being done for it when its client left; undefined when it did not. */
  cancelledIn: Phase | undefined;
}

export interface WorkFacts {
  /** Inputs that were computed. */
  inputs: number;
  /** Why each of the others was not, if the request asked for the rest anyway. */
  failed: ErrorCode[];
  tokens: number;
  truncated: number;
  shared: number;
  cache: { hits: number; misses: number } | null;
  /** Milliseconds. */
  timings: Record<'tokenize' | 'queue' | 'infer' | 'encode', number>;
}

/** Prometheus metrics. What they are is in `metrics/`; here is what the others report. */
export class Metrics {
  readonly registry: Registry;
  private readonly request: RequestMetrics;
  private readonly engine: EngineMetrics;
  private readonly batchJobs: BatchJobMetrics;
  private readonly models = new Map<string, ModelMetrics>();

  /** @param observe called at each collection. */
  constructor(observe: () => Observed) {
    const define = new PrefixedRegistry();
    this.registry = define.registry;
    this.request = requestMetrics(define);
    this.engine = engineMetrics(define);
    this.batchJobs = new BatchJobMetrics(define, () => observe().batches);
    defineObserved(define, observe);
    // A series that begins at 1 has no increase that an alert could see.
    for (const phase of PHASES) this.request.cancelled.inc({ phase }, 0);
    collectDefaultMetrics({ register: this.registry, prefix: define.prefix });
  }

  /** The metrics of a model, which are there from then on. */
  of(model: string): ModelMetrics {
    const known = this.models.get(model) ?? new ModelMetrics(model, this.engine, this.request);
    this.models.set(model, known);
    return known;
  }

  observeRequest({ method, route, model = '', status, seconds, rejectedFor, cancelledIn }: RequestReport): void {
    this.request.requests.inc({ method, route, model, status: String(status) });
    this.request.duration.observe({ route, model }, seconds);
    if (rejectedFor !== undefined) this.request.rejected.inc({ reason: rejectedFor });
    if (rejectedFor === 'non_finite_output') this.request.nonFinite.inc({ model });
    if (cancelledIn !== undefined) this.request.cancelled.inc({ phase: cancelledIn });
  }

  /** Errors that requests can be answered with, so that each is counted from 0 on. */
  expectRejections(reasons: readonly ErrorCode[]): void {
    for (const reason of reasons) this.request.rejected.inc({ reason }, 0);
  }

  observeWork(model: string, work: WorkFacts): void {
    const { request } = this;
    request.inputs.inc({ model }, work.inputs);
    request.tokens.inc({ model }, work.tokens);
    request.truncated.inc({ model }, work.truncated);
    for (const reason of work.failed) {
      request.failedInputs.inc({ reason, model });
      if (reason === 'non_finite_output') request.nonFinite.inc({ model });
    }
    request.shared.inc({ model }, work.shared);
    request.cacheHits.inc({ model }, work.cache?.hits ?? 0);
    request.cacheMisses.inc({ model }, work.cache?.misses ?? 0);
    for (const [stage, milliseconds] of Object.entries(work.timings)) {
      request.stage.observe({ stage, model }, milliseconds / 1000);
    }
  }

  /** @param bytes of all request bodies inside, together. */
  observeBytesInside(bytes: number): void {
    this.request.bytesInside.set(bytes);
  }

  /** What happens to batches of requests. */
  observeBatchJob(event: BatchEvent): void {
    this.batchJobs.observe(event);
  }
}
