import { randomBytes } from 'node:crypto';

/** What a batch can ask: the routes whose answers its lines get. */
export const BATCH_ENDPOINTS = ['/v1/embeddings', '/v1/rerank', '/v1/similarity'] as const;
export type BatchEndpoint = (typeof BATCH_ENDPOINTS)[number];

/** As the OpenAI API names them, in the order they come in. */
export const BATCH_STATUSES = [
  'validating',
  'failed',
  'in_progress',
  'finalizing',
  'completed',
  'expired',
  'cancelling',
  'cancelled',
] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];

/** What is wrong with an input file, as the OpenAI API writes it. */
export interface BatchProblem {
  code: string;
  message: string;
  param: string | null;
  /** Of the input file, from 1 on; null: of the file as a whole. */
  line: number | null;
}

/** Lines by what became of them. */
export interface LineCounts {
  total: number;
  completed: number;
  failed: number;
}

/** A batch as it is kept on disk, in a file of its own. Times are Unix seconds. */
export interface BatchJob {
  id: string;
  /** Name of the API key that made it; null where none is asked for. */
  owner: string | null;
  endpoint: BatchEndpoint;
  inputFileId: string;
  completionWindow: string;
  metadata: Record<string, string> | null;
  /** Seconds that its files are kept, where the client wants fewer than the operator. */
  outputExpiresAfterS: number | null;
  status: BatchStatus;
  createdAt: number;
  expiresAt: number;
  /** When it came to each status. */
  reachedAt: Partial<Record<BatchStatus, number>>;
  /** Of the files that its answers are written to, from the first line on; they are listed when it has ended. */
  outputFileId: string;
  errorFileId: string;
  hasOutput: boolean;
  hasErrors: boolean;
  /** How it will end, from when it is finalized on. */
  outcome: 'completed' | 'expired' | null;
  problems: BatchProblem[];
  /** The one model that all its lines ask; null before it is known. */
  model: string | null;
  /** What the model's answers can be compared by: other weights must not answer the rest. */
  fingerprint: string | null;
  counts: LineCounts;
  /** Of the answers, as their `usage` says. */
  tokens: number;
}

const FINAL: ReadonlySet<BatchStatus> = new Set(['failed', 'completed', 'expired', 'cancelled']);

/** Whether nothing changes any more. */
export function hasEnded({ status }: Pick<BatchJob, 'status'>): boolean {
  return FINAL.has(status);
}

/** When a batch that has ended did, in Unix seconds: its answers are kept from then on, and it names them. */
export function endedAt({ status, reachedAt, createdAt }: BatchJob): number {
  return reachedAt[status] ?? createdAt;
}

/** What is different of a batch that comes to a status. @param now Unix milliseconds. */
export function reach(job: BatchJob, status: BatchStatus, now: number): Pick<BatchJob, 'status' | 'reachedAt'> {
  return { status, reachedAt: { ...job.reachedAt, [status]: Math.floor(now / 1000) } };
}

/** What begins the ids of a batch's answers; the line's position among the requests of the file follows, from 1 on. */
export function lineIdPrefix({ id }: Pick<BatchJob, 'id'>): string {
  return `batch_req_${id.slice(-LENGTH.random)}_`;
}

/** Hexadecimal digits of an id. */
const LENGTH = { time: 12, random: 20 };

/**
 * A new id that sorts by time and cannot be guessed.
 * @param now Unix milliseconds.
 */
export function newId(prefix: 'file-' | 'batch_', now: number): string {
  const time = Math.floor(now).toString(16).padStart(LENGTH.time, '0');
  return prefix + time + randomBytes(LENGTH.random / 2).toString('hex');
}

/** When an id was made, in Unix seconds; undefined: {@link newId} makes none like it. */
export function timeOfId(id: string, prefix: 'file-' | 'batch_'): number | undefined {
  const digits = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  if (digits.length !== LENGTH.time + LENGTH.random || !/^[0-9a-f]+$/.test(digits)) return undefined;
  return Math.floor(Number.parseInt(digits.slice(0, LENGTH.time), 16) / 1000);
}
