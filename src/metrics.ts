import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from './errors.ts';

/** Seconds: from a cached answer of the starter model to a full batch of a large one on a CPU. */
const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SIZE_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

/** State that is read when metrics are collected, not counted along the way. */
export interface Observed {
  queueTokens: number;
  queueRequests: number;
  queueOldestSeconds: number;
  tokensPerSecond: number;
  enginesUp: number;
  ready: boolean;
  batchAgeSeconds: number;
  cacheBytes: number;
  /** Since the start. */
  cacheEvictions: number;
  busyRatio: number;
  batchTokens: number;
}

export interface RequestReport {
  method: string;
  /** The route's pattern, never the URL. */
  route: string;
  status: number;
  seconds: number;
  aborted: boolean;
}

export interface BatchFacts {
  /** Whether the model's graph is packed or padded. */
  path: 'packed' | 'padded';
  items: number;
  tokens: number;
  /** Token rows the engine computed. */
  computedTokens: number;
  inferMilliseconds: number;
}

/** Prometheus metrics, prefix `hotvec_`, in a registry of their own: nothing is global. */
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = this.counter('http_requests_total', 'Answered requests', ['method', 'route', 'status']);
  private readonly duration = this.histogram(
    'http_request_duration_seconds',
    'From headers to last byte',
    ['route'],
    DURATION_BUCKETS,
  );
  private readonly stage = this.histogram(
    'stage_duration_seconds',
    'Time of a request in each stage',
    ['stage'],
    DURATION_BUCKETS,
  );
  private readonly rejected = this.counter('rejected_total', 'Requests answered with an error', ['reason']);
  private readonly cancelled = this.counter('cancelled_total', 'Requests whose client went away', []);
  private readonly inputs = this.counter('inputs_total', 'Inputs embedded', []);
  private readonly tokens = this.counter('tokens_total', 'Tokens embedded, padding not counted', []);
  private readonly truncated = this.counter('truncated_inputs_total', 'Inputs that were cut short', []);
  private readonly shared = this.counter(
    'shared_inputs_total',
    'Inputs that were in flight already, for another request or twice in one: computed once',
    [],
  );
  private readonly cacheHits = this.counter('cache_hits_total', 'Inputs answered from the vector cache', []);
  private readonly cacheMisses = this.counter('cache_misses_total', 'Inputs that the vector cache had not', []);
  private readonly nonFinite = this.counter(
    'nonfinite_rows_total',
    'Requests refused for a vector without direction; must be 0',
    [],
  );
  private readonly batchItems = this.histogram('batch_items', 'Sequences in a batch', [], SIZE_BUCKETS);
  private readonly batchTokens = this.histogram('batch_tokens', 'Tokens in a batch', [], SIZE_BUCKETS);
  private readonly uniqueRatio = this.histogram(
    'batch_unique_ratio',
    'Token rows computed for each token of a batch: below 1 where texts share prefixes; safetensors only',
    [],
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
  );
  private readonly paddingRatio = this.histogram(
    'batch_padding_ratio',
    'Part of the computed slots of a batch that is padding; ONNX exports only',
    [],
    [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75],
  );
  private readonly batchDuration = this.histogram(
    'batch_duration_seconds',
    'Time the engine took for a batch',
    [],
    DURATION_BUCKETS,
  );
  private readonly staleReplies = this.counter(
    'stale_replies_total',
    'Answers of an engine process already given up; dropped',
    [],
  );
  private readonly restarts = this.counter('engine_restarts_total', 'Engine processes lost', ['reason', 'device_id']);
  private readonly epoch = this.gauge('engine_epoch', 'Number of the engine process in service', ['device_id']);
  private readonly engineBytes = this.gauge('engine_rss_bytes', 'Resident memory of the engine process', ['device_id']);
  private readonly engineBusy = this.counter('engine_busy_seconds_total', 'Time the engine process spent on batches', [
    'device_id',
  ]);
  private readonly canary = this.gauge(
    'canary_cosine',
    'Lowest cosine of a canary vector to its reference, at the last engine start',
    ['device_id'],
  );
  private readonly build = this.gauge('build_info', 'Always 1; the labels say what is served', [
    'version',
    'model',
    'revision',
    'fingerprint',
    'device',
    'dtype',
  ]);

  /** @param observe called at each collection. */
  constructor(observe: () => Observed) {
    const value = (name: string, help: string, read: (observed: Observed) => number) =>
      new Gauge({
        name: `hotvec_${name}`,
        help,
        registers: [this.registry],
        collect() {
          this.set(read(observe()));
        },
      });
    value('queue_tokens', 'Tokens waiting for a batch', (observed) => observed.queueTokens);
    value('queue_requests', 'Requests with tokens waiting for a batch', (observed) => observed.queueRequests);
    value('queue_oldest_seconds', 'Age of the longest-waiting request', (observed) => observed.queueOldestSeconds);
    value('tokens_per_second', 'Engine throughput over the recent batches', (observed) => observed.tokensPerSecond);
    value('engine_up', 'Engine processes in service: one for each device', (observed) => observed.enginesUp);
    value('engine_batch_age_seconds', 'Age of the batch being computed', (observed) => observed.batchAgeSeconds);
    value('cache_bytes', 'Memory of the vector cache', (observed) => observed.cacheBytes);
    new Counter({
      name: 'hotvec_cache_evictions_total',
      help: 'Vectors that the cache forgot for lack of room',
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(observe().cacheEvictions);
      },
    });
    value(
      'engine_busy_ratio',
      'Share of the last 10 s that the engine processes spent on batches, on average',
      (observed) => observed.busyRatio,
    );
    value('batch_budget_tokens', 'Most tokens in a batch of several inputs', (observed) => observed.batchTokens);
    value('ready', '1 while /readyz answers 200', (observed) => Number(observed.ready));
    collectDefaultMetrics({ register: this.registry, prefix: 'hotvec_' });
  }

  observeRequest({ method, route, status, seconds, aborted }: RequestReport): void {
    this.requests.inc({ method, route, status: String(status) });
    this.duration.observe({ route }, seconds);
    if (aborted) this.cancelled.inc();
  }

  observeWork(work: {
    inputs: number;
    tokens: number;
    truncated: number;
    shared: number;
    cache: { hits: number; misses: number } | null;
    timings: Record<'tokenize' | 'queue' | 'infer' | 'encode', number>;
  }): void {
    this.inputs.inc(work.inputs);
    this.tokens.inc(work.tokens);
    this.truncated.inc(work.truncated);
    this.shared.inc(work.shared);
    this.cacheHits.inc(work.cache?.hits ?? 0);
    this.cacheMisses.inc(work.cache?.misses ?? 0);
    for (const [stage, milliseconds] of Object.entries(work.timings)) {
      this.stage.observe({ stage }, milliseconds / 1000);
    }
  }

  observeBatch(batch: BatchFacts): void {
    this.batchItems.observe(batch.items);
    this.batchTokens.observe(batch.tokens);
    if (batch.path === 'packed') this.uniqueRatio.observe(batch.computedTokens / batch.tokens);
    else this.paddingRatio.observe(1 - batch.tokens / batch.computedTokens);
    this.batchDuration.observe(batch.inferMilliseconds / 1000);
  }

  countRejection(reason: ErrorCode): void {
    this.rejected.inc({ reason });
    if (reason === 'non_finite_output') this.nonFinite.inc();
  }

  countStaleReply(): void {
    this.staleReplies.inc();
  }

  countEngineLoss(deviceId: number, reason: string): void {
    this.restarts.inc({ reason, device_id: String(deviceId) });
  }

  observeEngine(deviceId: number, facts: { epoch: number; canaryCosine: number }): void {
    const labels = { device_id: String(deviceId) };
    this.epoch.set(labels, facts.epoch);
    this.canary.set(labels, facts.canaryCosine);
  }

  observeEngineWork(deviceId: number, residentBytes: number, busyMilliseconds: number): void {
    const labels = { device_id: String(deviceId) };
    this.engineBytes.set(labels, residentBytes);
    this.engineBusy.inc(labels, busyMilliseconds / 1000);
  }

  describeBuild(labels: Record<'version' | 'model' | 'revision' | 'fingerprint' | 'device' | 'dtype', string>): void {
    this.build.reset();
    this.build.set(labels, 1);
  }

  private counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name: `hotvec_${name}`, help, labelNames, registers: [this.registry] });
  }

  private gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name: `hotvec_${name}`, help, labelNames, registers: [this.registry] });
  }

  private histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: Label[],
    buckets: number[],
  ): Histogram<Label> {
    return new Histogram({ name: `hotvec_${name}`, help, labelNames, buckets, registers: [this.registry] });
  }
}
