/** A bound on a figure: `atMost`, `atLeast`, or nothing to hold when a run is too short for it to mean anything. */
export type Bound = { atMost: number } | { atLeast: number } | 'not judged';

/** What a figure is, and what must hold. */
export interface Threshold {
  /** The part of `npm run test:soak` that reports it. */
  part: string;
  /** As the table says it: what was counted or measured, under what. */
  what: string;
  unit: string;
  /** What must hold in a soak run, which has the machine to itself. */
  bound: Bound;
  /**
   * What must hold in `npm test`, which shares the machine: the same where it is left out. No test asserts a duration, and
   * ratios have room enough there that only what is broken misses them.
   */
  inSuite?: Bound;
}

const none = { atMost: 0 } as const;

/** Every figure of the test catalogue with its threshold, in the order of the table. Docs: README.md beside this file. */
export const thresholds = {
  mismatched_vectors: {
    part: 'cross-wiring',
    what: 'vectors of another text: 32 clients, unique texts, both formats, four sizes',
    unit: 'vectors',
    bound: none,
  },
  lost_vectors: {
    part: 'cross-wiring',
    what: 'vectors that were asked for and not given',
    unit: 'vectors',
    bound: none,
  },
  doubled_vectors: { part: 'cross-wiring', what: 'vectors given twice', unit: 'vectors', bound: none },
  mismatched_under_kills: {
    part: 'cross-wiring-faults',
    what: 'vectors of another text while clients abort and the engine is killed every 3 s',
    unit: 'vectors',
    bound: none,
  },
  lost_under_kills: {
    part: 'cross-wiring-faults',
    what: 'vectors then neither given nor refused with retry-after',
    unit: 'vectors',
    bound: none,
  },
  doubled_under_kills: { part: 'cross-wiring-faults', what: 'vectors then given twice', unit: 'vectors', bound: none },
  cosine_to_alone: {
    part: 'neighbors',
    what: 'lowest cosine to the same text alone, real engine, batches of 1, 2, 7, 32, neighbors permuted',
    unit: '',
    bound: { atLeast: 0.999999 },
  },
  mismatched_real_engine: {
    part: 'neighbors',
    what: 'vectors below that cosine, real engine, 32 clients',
    unit: 'vectors',
    bound: none,
  },
  fuzz_5xx: { part: 'input', what: 'JSON bodies answered 5xx, every POST route', unit: 'bodies', bound: none },
  mutated_requests_failed: {
    part: 'input',
    what: 'requests with mutated bytes answered 5xx',
    unit: 'requests',
    bound: none,
  },
  smuggled_requests_answered: {
    part: 'input',
    what: 'requests in the bodies of others that were answered',
    unit: 'requests',
    bound: none,
  },
  failed_beside_slow_sockets: {
    part: 'input',
    what: 'normal requests that failed beside 500 slow sockets',
    unit: 'requests',
    bound: none,
  },
  unicode_loop_gap: {
    part: 'input',
    what: 'longest gap of the event loop over texts that tokenizers are slow at, p99',
    unit: 'ms',
    bound: { atMost: 100 },
    inSuite: 'not judged',
  },
  goodput_at_5x: {
    part: 'overload',
    what: 'goodput at 5× capacity, as a part of the capacity measured before',
    unit: '',
    bound: { atLeast: 0.9 },
    inSuite: { atLeast: 0.2 },
  },
  rejects_p99: {
    part: 'overload',
    what: 'rejects, p99, as a part of the median of accepted requests',
    unit: '',
    bound: { atMost: 0.25 },
    inSuite: 'not judged',
  },
  rejects_without_retry_after: {
    part: 'overload',
    what: 'rejects without retry-after',
    unit: 'requests',
    bound: none,
  },
  failures_at_5x: {
    part: 'overload',
    what: 'requests at 5× capacity that ended as neither 200 nor 429',
    unit: 'requests',
    bound: none,
  },
  sdk_failed_in_overload: {
    part: 'overload',
    what: 'requests of the OpenAI SDK beside it that did not succeed in the end',
    unit: 'requests',
    bound: none,
  },
  recovery_after_overload: {
    part: 'overload',
    what: 'from the end of the overload to answers as fast as before',
    unit: 's',
    bound: { atMost: 5 },
    inSuite: 'not judged',
  },
  small_p99_under_flood: {
    part: 'flood',
    what: 'p99 of a small request in a flood of large ones, above its p99 without',
    unit: 'batch times',
    bound: { atMost: 2.5 },
    // First come, first served, would be some seventy.
    inSuite: { atMost: 12 },
  },
  livez_p99_beside_pipelining: {
    part: 'pipelining',
    what: '/livez, p99, beside 20 connections × 2,200 pipelined unread requests, of the worst GET route',
    unit: 'ms',
    bound: { atMost: 100 },
    inSuite: 'not judged',
  },
  rss_beside_pipelining: {
    part: 'pipelining',
    what: 'RSS of the main process then, more than before those of the route, at most',
    unit: 'MiB',
    bound: { atMost: 64 },
    // Half a gigabyte for one connection, before.
    inSuite: { atMost: 150 },
  },
  failed_beside_pipelining: {
    part: 'pipelining',
    what: '/livez then answered other than 200',
    unit: 'requests',
    bound: none,
  },
  sdk_requests_failed: {
    part: 'sdk-retries',
    what: 'requests of the OpenAI SDK, default retries, that failed in a burst of 1.75 times the queue',
    unit: 'requests',
    bound: none,
  },
  sigterm_lost: {
    part: 'sigterm',
    what: 'accepted requests lost by SIGTERM under 40 clients',
    unit: 'requests',
    bound: none,
  },
  sigterm_exits_not_0: { part: 'sigterm', what: 'exit codes other than 0', unit: 'runs', bound: none },
  sigterm_seconds: {
    part: 'sigterm',
    what: 'slowest exit after SIGTERM',
    unit: 's',
    bound: { atMost: 10 },
    inSuite: 'not judged',
  },
  recovery_after_kill_p95: {
    part: 'recovery',
    what: 'from SIGKILL of the engine to /readyz 200, p95, real engine',
    unit: 's',
    bound: { atMost: 5 },
    inSuite: 'not judged',
  },
  unready_after_kill: {
    part: 'recovery',
    what: 'slowest /readyz to fail after SIGKILL of the engine',
    unit: 's',
    bound: { atMost: 1 },
    inSuite: 'not judged',
  },
  left_after_aborts: {
    part: 'growth',
    what: 'tokens and requests still inside after clients aborted and the rest was answered',
    unit: '',
    bound: none,
  },
  failures_beside_aborts: {
    part: 'growth',
    what: 'requests beside aborted ones that failed, or were answered wrongly',
    unit: 'requests',
    bound: none,
  },
  open_files_growth: {
    part: 'growth',
    what: 'open files of main process and engine after the clients have gone, more than before they came',
    unit: 'files',
    bound: { atMost: 4 },
  },
  query_beside_batch: {
    part: 'beside-batch',
    what: 'query beside a batch of the Batch API: p99 over the unloaded one, in what the engine alone takes for a full batch',
    unit: 'batch times',
    bound: { atMost: 2.5 },
    inSuite: 'not judged',
  },
  rss_slope_main: {
    part: 'growth',
    what: 'RSS slope of the main process',
    unit: 'MiB per 1,000 requests',
    bound: { atMost: 1 },
    inSuite: 'not judged',
  },
  rss_slope_engine: {
    part: 'growth',
    what: 'RSS slope of the engine process',
    unit: 'MiB per 1,000 requests',
    bound: { atMost: 1 },
    inSuite: 'not judged',
  },
  mutants_survived: {
    part: 'mutants',
    what: 'seeded wiring bugs, of 12, that the tests did not notice',
    unit: 'mutants',
    bound: none,
  },
} as const satisfies Record<string, Threshold>;

export type FigureName = keyof typeof thresholds;

export function holds(value: number, bound: Bound): boolean {
  if (bound === 'not judged') return true;
  // NaN holds nowhere.
  return 'atMost' in bound ? value <= bound.atMost : value >= bound.atLeast;
}
