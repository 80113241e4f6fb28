import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Embedder, EmbedInput, EmbedOptions, EmbedResult } from '../embedding/embedder.ts';
import { sendChunks } from './send-chunks.ts';
import { reportWork, workContext } from './work-context.ts';

/** A request for vectors and what serves it. */
export interface VectorRequest {
  request: FastifyRequest;
  reply: FastifyReply;
  embedder: Embedder;
  config: Pick<Config, 'deadlineMs'>;
}

/** What the body of the request says of its vectors; its headers say the rest. */
export type VectorOptions = Pick<EmbedOptions, 'dimensions' | 'normalize' | 'truncate'>;

/**
 * Inputs → vectors → answer: what every route that computes vectors does, in whatever form its clients ask and are
 * answered. The headers of the request are obeyed (deadline, expected fingerprint), those of the answer are set, and the
 * work is reported for log and metrics.
 *
 * @param encode writes the answer as JSON in chunks; its time is that of the stage `encode`.
 * @throws {HotvecError} what `workContext` and `Embedder.embed` throw.
 */
export async function serveVectors(
  { request, reply, embedder, config }: VectorRequest,
  inputs: readonly EmbedInput[],
  options: VectorOptions,
  encode: (result: EmbedResult) => Promise<Buffer[]>,
): Promise<FastifyReply> {
  const result = await embedder.embed(inputs, {
    ...workContext(request, reply, config, embedder.model),
    ...options,
  });
  const encodeStart = performance.now();
  const chunks = await encode(result);
  reportWork(request, reply, embedder.model, result, performance.now() - encodeStart);
  return sendChunks(reply, chunks);
}

/** `usage` of an answer: real tokens, prompts and special ones in, padding out. */
export function usageOf({ tokens }: Pick<EmbedResult, 'tokens'>): { prompt_tokens: number; total_tokens: number } {
  const total = tokens.reduce((sum, count) => sum + count, 0);
  return { prompt_tokens: total, total_tokens: total };
}
