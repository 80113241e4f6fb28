import { TASK_NAMES, type TaskName } from '../src/model-files/manifest.ts';

/** What hotvec is to reach on two CPU cores, each ratio within one run, and what it is to reach on an H200. */
export interface Target {
  what: string;
  /** The measured number is to be … */
  bound: { atLeast: number } | { atMost: number };
  unit: string;
  /** `starter`: the target is about the starter. `full`: about a model of Qwen3-Embedding-0.6B's size. */
  model: 'any' | 'starter' | 'full';
  /** The models it is about; left out: those that embed. */
  tasks?: readonly TaskName[];
}

export type TargetId = keyof typeof TARGETS;

const share = { unit: '', model: 'any' } as const;

const reranking = { unit: '×', model: 'full', tasks: ['rerank'] } as const;

// In the order of the tables of the issues that set them.
export const TARGETS = {
  passageMfu: { ...share, what: 'model FLOP/s ÷ GEMM FLOP/s, fp32, packed, p', bound: { atLeast: 0.88 } },
  mixMfu: { ...share, what: 'model FLOP/s ÷ GEMM FLOP/s, fp32, packed, mix', bound: { atLeast: 0.85 } },
  packedSpeedup: { ...share, what: 'packed ÷ padded, mix, batches of 8 to 32', bound: { atLeast: 2.3 }, unit: '×' },
  sharingSpeedup: { ...share, what: 'with ÷ without prefix sharing, qi × 32', bound: { atLeast: 2 }, unit: '×' },
  sharingDifference: { ...share, what: 'difference of the rows with and without prefix sharing', bound: { atMost: 0 } },
  int8Speedup: { what: 'int8 ÷ fp32, p', bound: { atLeast: 2.8 }, unit: '×', model: 'full' },
  int8Cosine: { what: 'lowest cosine of int8 to fp32', bound: { atLeast: 0.99998 }, unit: '', model: 'full' },
  int8BatchDifference: { ...share, what: 'int8: difference of a vector alone and in batches', bound: { atMost: 1e-6 } },
  serviceShare: {
    what: 'HTTP service ÷ engine alone, p, 32 clients',
    bound: { atLeast: 0.95 },
    unit: '×',
    model: 'full',
  },
  addedLatency: {
    what: "latency that an idle server adds to the engine's own, one query, p50",
    bound: { atMost: 3 },
    unit: 'ms',
    model: 'any',
  },
  queryUnderBulk: {
    what: 'small query under a saturating bulk load: p99 over the unloaded one',
    bound: { atMost: 2.5 },
    unit: 'batch times',
    model: 'any',
  },
  eventLoopGap: {
    what: 'event-loop gap while answers of 2048 × 1024 are written, p99',
    bound: { atMost: 50 },
    unit: 'ms',
    model: 'full',
  },
  singleTextRate: {
    what: 'single-text requests, base64, 64 clients',
    bound: { atLeast: 1_500 },
    unit: 'requests/s',
    model: 'starter',
  },
  bulkTextRate: {
    what: '256-text requests, base64',
    bound: { atLeast: 10_000 },
    unit: 'texts/s',
    model: 'starter',
  },
  staticTextRate: {
    what: '256-text requests of a static model, base64',
    bound: { atLeast: 20_000 },
    unit: 'texts/s',
    model: 'starter',
  },
  coldStart: {
    what: 'cold start to the first vector, warm page cache',
    bound: { atMost: 1.5 },
    unit: 's',
    model: 'starter',
  },
  coldStartFull: {
    what: 'cold start to the first vector, warm page cache, fp32',
    bound: { atMost: 4.5 },
    unit: 's',
    model: 'full',
  },
  coldStartPlain: { what: 'the same without prepacking', bound: { atMost: 2.5 }, unit: 's', model: 'full' },
  mainMemory: {
    what: 'RSS of the main process',
    bound: { atMost: 250 },
    unit: 'MiB',
    model: 'any',
    tasks: TASK_NAMES,
  },
  engineMemory: {
    what: 'RSS of the engine beyond its weights, mapped files aside',
    bound: { atMost: 1_024 },
    unit: 'MiB',
    model: 'any',
    tasks: TASK_NAMES,
  },
  memoryGrowth: {
    what: 'growth of both while 10,000 requests are served, after the first 1,100',
    bound: { atMost: 32 },
    unit: 'MiB',
    model: 'starter',
  },
  engineBusy: { what: 'engine busy at saturation', bound: { atLeast: 0.97 }, unit: '', model: 'any' },
  rerankRows: { ...reranking, what: 'rows computed ÷ rows without sharing, rr', bound: { atMost: 0.75 } },
  rerankPace: {
    ...reranking,
    what: 'rows a second, reranker ÷ embedder of the same weights, rr',
    bound: { atLeast: 0.95 },
  },
  gpuMfu: { ...share, what: 'H200: model FLOP/s ÷ GEMM FLOP/s, bf16, p', bound: { atLeast: 0.35 } },
} satisfies Record<string, Target>;
