import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EmbedResult } from '../../tasks/embedding/embedder.ts';
import type { ModelFacts } from '../../tasks/task-service.ts';
import type { WorkReport } from '../door/fastify-types.ts';

/** What every task tells of a request that it answered. */
export type WorkResult = Pick<EmbedResult, 'tokens' | 'truncated' | 'failures' | 'facts'>;

/** Sets the headers that every answer with vectors or scores in it bears, and reports the work for log and metrics. */
export function reportWork(
  request: FastifyRequest,
  reply: FastifyReply,
  model: ModelFacts,
  result: WorkResult,
  encodeMilliseconds: number,
): void {
  const errors = [...result.failures.values()];
  for (const { code, cause } of errors) {
    if (cause instanceof Error) request.log.error({ code, cause: cause.message }, 'the engine failed an input');
  }
  const work: WorkReport = {
    ...result.facts,
    inputs: result.tokens.length,
    failed: errors.map(({ code }) => code),
    tokens: result.tokens.reduce((sum, count) => sum + count, 0),
    truncated: result.truncated.filter(Boolean).length,
    timings: { ...result.facts.timings, encode: encodeMilliseconds },
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
