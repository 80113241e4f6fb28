import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '../../settings/config.ts';
import type { Embedder, EmbedInput, EmbedOptions, EmbedResult } from '../../tasks/embedding/embedder.ts';
import { type WorkContext, workContext } from '../door/work-context.ts';
import { boundOfRows } from './encode-rows.ts';
import { reportWork } from './report-work.ts';
import { sendChunks } from './send-chunks.ts';

/** A request for vectors and what serves it. */
export interface VectorRequest {
  request: FastifyRequest;
  reply: FastifyReply;
  embedder: Embedder;
  config: Pick<Config, 'deadlineMs'>;
  /** Bytes of the answer, at most; left out: those of a vector of decimal numbers for each input. */
  answerBytes?: number | undefined;
}

/** What the body of the request says of its vectors; its headers say the rest. */
export type VectorOptions = Omit<EmbedOptions, Exclude<keyof WorkContext, 'tokenIds'>>;

/**
 * Inputs → vectors → answer: what every route that computes vectors does, in whatever form its clients ask and are
 * answered. The headers of the request are obeyed (deadline, expected fingerprint), those of the answer are set, and the
 * work is reported for log and metrics.
 *
 * @param encode writes the answer as JSON in chunks; its time is that of the stage `encode`.
 * @throws {HotvecError} what `HeldBytes.reserve`, `workContext` and `Embedder.embed` throw.
 */
export function serveVectors(
  exchange: VectorRequest,
  inputs: readonly EmbedInput[],
  options: VectorOptions,
  encode: (result: EmbedResult) => Promise<Buffer[]>,
): Promise<FastifyReply> {
  const { embedder } = exchange;
  const { answerBytes = boundOfRows(inputs.length, sizeOfVectors(embedder, options.dimensions)) } = exchange;
  return serveWork(
    { ...exchange, answerBytes },
    (context) => embedder.embed(inputs, { ...context, ...options }),
    encode,
  );
}

/** Components that vectors of these `dimensions` have; more than the model's are refused later, by what knows the bounds. */
export function sizeOfVectors({ model }: Pick<Embedder, 'model'>, dimensions: number | null): number {
  return Math.min(dimensions ?? model.dimensions, model.dimensions);
}

/** As `serveVectors`, for routes that embed in another way than one call of `Embedder.embed`. */
export async function serveWork(
  { request, reply, embedder, config, answerBytes }: VectorRequest & { answerBytes: number },
  embed: (context: WorkContext) => Promise<EmbedResult>,
  encode: (result: EmbedResult) => Promise<Buffer[]>,
): Promise<FastifyReply> {
  // Before anything is computed: later it would be too late to refuse.
  request.held.reserve(answerBytes);
  const result = await embed(workContext(request, reply, config, embedder.model));
  const encodeStart = performance.now();
  const chunks = await encode(result);
  reportWork(request, reply, embedder.model, result, performance.now() - encodeStart);
  return sendChunks(reply, chunks);
}

/** `usage` of a response: real tokens, including prompts and special tokens, excluding padding. */
export function usageOf({ tokens }: Pick<EmbedResult, 'tokens'>): { prompt_tokens: number; total_tokens: number } {
  const total = tokens.reduce((sum, count) => sum + count, 0);
  return { prompt_tokens: total, total_tokens: total };
}
