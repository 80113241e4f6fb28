import type { FastifyReply, FastifyRequest } from 'fastify';
import { HotvecError } from '../../errors.ts';
import type { Config } from '../../settings/config.ts';
import type { EmbedOptions, EmbedResult, ModelFacts, WorkPhase } from '../../tasks/embedding/embedder.ts';
import type { WorkReport } from './fastify-types.ts';

/** Vectors, or what is wrong with single inputs. */
export type PartialResult = EmbedResult<Float32Array | HotvecError>;

export interface WorkContext {
  /** Aborted when the client goes away before its answer is written. */
  signal: AbortSignal;
  timeLimit: number;
  owner: string | undefined;
  priority: EmbedOptions['priority'];
  tokenIds: EmbedOptions['tokenIds'];
  onPhase: (phase: WorkPhase) => void;
}

/**
 * Reads what the headers say about the work: how long it may take, whose it is, whether somebody waits for it, whether its
 * token ids are meant as they are, which vector space is expected.
 * @throws {HotvecError} invalid_input, fingerprint_mismatch.
 */
export function workContext(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Pick<Config, 'deadlineMs'>,
  model: ModelFacts,
): WorkContext {
  const abort = new AbortController();
  // Not `request.signal`: Fastify aborts it a millisecond into every healthy POST (see the operations notes).
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) abort.abort();
  });
  checkFingerprint(request.headers['x-expect-fingerprint'], model);
  return {
    signal: abort.signal,
    timeLimit: Math.min(config.deadlineMs, readDeadline(request.headers['x-deadline-ms'])),
    owner: request.keyName,
    priority: readPriority(request.headers['x-priority']),
    tokenIds: readTokenIds(request.headers['x-token-ids']),
    onPhase: (phase) => request.progress.enter(phase),
  };
}

/** Headers that every answer with vectors in it bears, and the report for log and metrics. */
export function reportWork(
  request: FastifyRequest,
  reply: FastifyReply,
  model: ModelFacts,
  result: PartialResult,
  encodeMilliseconds: number,
): void {
  const errors = result.vectors.filter((vector) => vector instanceof HotvecError);
  for (const { code, cause } of errors) {
    if (cause instanceof Error) request.log.error({ code, cause: cause.message }, 'the engine failed an input');
  }
  const work: WorkReport = {
    inputs: result.vectors.length - errors.length,
    failed: errors.map(({ code }) => code),
    tokens: result.tokens.reduce((sum, count) => sum + count, 0),
    truncated: result.truncated.filter(Boolean).length,
    timings: { ...result.timings, encode: encodeMilliseconds },
    batches: result.batches,
    lastBatchId: result.lastBatchId,
    lastBatchItems: result.lastBatchItems,
    shared: result.shared,
    cache: result.cache,
  };
  request.work = work;
  request.progress.enter('send');
  const timing = Object.entries(work.timings).map(([stage, duration]) => `${stage};dur=${duration.toFixed(2)}`);
  void reply.headers({
    'server-timing': timing.join(', '),
    'x-embedding-fingerprint': model.fingerprint ?? '',
    'openai-version': '2020-10-01',
    'openai-processing-ms': String(Math.round(reply.elapsedTime)),
  });
  if (work.cache !== null) void reply.header('x-cache', `hits=${work.cache.hits}, misses=${work.cache.misses}`);
  if (work.failed.length > 0) void reply.header('x-failed-inputs', work.failed.length);
  if (work.truncated > 0) void reply.header('x-truncated-inputs', work.truncated);
}

function readDeadline(header: string | string[] | undefined): number {
  if (header === undefined) return Number.POSITIVE_INFINITY;
  const milliseconds = Number(header);
  if (!/^\d{1,9}$/.test(String(header)) || milliseconds < 1) {
    throw new HotvecError('invalid_input', 'x-deadline-ms is not a whole number of milliseconds, 1 to 999999999.', {
      param: 'x-deadline-ms',
    });
  }
  return milliseconds;
}

function readPriority(header: string | string[] | undefined): EmbedOptions['priority'] {
  if (header === undefined || header === 'interactive' || header === 'bulk') return header;
  throw new HotvecError('invalid_input', 'x-priority is neither interactive nor bulk.', { param: 'x-priority' });
}

function readTokenIds(header: string | string[] | undefined): EmbedOptions['tokenIds'] {
  if (header === undefined || header === 'checked' || header === 'as_is') return header;
  throw new HotvecError('invalid_input', 'x-token-ids is neither checked nor as_is.', { param: 'x-token-ids' });
}

function checkFingerprint(expected: string | string[] | undefined, model: ModelFacts): void {
  if (expected === undefined || model.fingerprint === null || expected === model.fingerprint) return;
  throw new HotvecError(
    'fingerprint_mismatch',
    `This server's vectors have fingerprint ${model.fingerprint}, not the expected one: the two cannot be compared.`,
    { param: 'x-expect-fingerprint' },
  );
}
