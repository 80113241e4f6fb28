import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../settings/config.ts';
import type { TaskService } from '../../tasks/task-service.ts';
import { type WorkContext, workContext } from '../door/work-context.ts';
import { reportWork, type WorkResult } from './report-work.ts';
import { sendChunks } from './send-chunks.ts';

/** A request for work of a model and what serves it. */
export interface WorkRequest {
  request: FastifyRequest;
  reply: FastifyReply;
  service: Pick<TaskService, 'model'>;
  config: Pick<Config, 'deadlineMs'>;
  /** Bytes of the answer, at most. */
  answerBytes: number;
}

/**
 * Inputs → result → answer: what every route that computes does, whatever its task and in whatever form its clients ask
 * and are answered. The headers of the request are obeyed (deadline, expected fingerprint), those of the answer are set,
 * and the work is reported for log and metrics.
 *
 * @param work computes; told what the headers say of it.
 * @param encode writes the answer as JSON in chunks; its time is that of the stage `encode`.
 * @throws {HotvecError} what `HeldBytes.reserve`, `workContext` and `work` throw.
 */
export async function serveWork<Result extends WorkResult>(
  { request, reply, service, config, answerBytes }: WorkRequest,
  work: (context: WorkContext) => Promise<Result>,
  encode: (result: Result) => Promise<Buffer[]>,
): Promise<FastifyReply> {
  // Before anything is computed: later it would be too late to refuse.
  request.held.reserve(answerBytes);
  const result = await work(workContext(request, reply, config, service.model));
  const encodeStart = performance.now();
  const chunks = await encode(result);
  reportWork(request, reply, service.model, result, performance.now() - encodeStart);
  return sendChunks(reply, chunks);
}

/** `usage` of a response: real tokens, including prompts, templates and special tokens, excluding padding. */
export function usageOf({ tokens }: Pick<WorkResult, 'tokens'>): { prompt_tokens: number; total_tokens: number } {
  const total = tokens.reduce((sum, count) => sum + count, 0);
  return { prompt_tokens: total, total_tokens: total };
}
