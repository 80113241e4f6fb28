import type { FastifyReply } from 'fastify';
import type { Embedder, EmbedInput, EmbedOptions, EmbedResult } from '../../tasks/embedding/embedder.ts';
import type { WorkContext } from '../door/work-context.ts';
import { boundOfRows } from './encode-rows.ts';
import { serveWork, type WorkRequest } from './serve-work.ts';

/** A request for vectors and what serves it. */
export interface VectorRequest extends Omit<WorkRequest, 'service' | 'answerBytes'> {
  embedder: Embedder;
  /** Left out: bytes of a vector of decimal numbers for each input. */
  answerBytes?: number | undefined;
}

/** What the body of the request says of its vectors; its headers say the rest. */
export type VectorOptions = Omit<EmbedOptions, Exclude<keyof WorkContext, 'tokenIds'>>;

/**
 * Inputs → vectors → answer, as `serveWork` does it.
 *
 * @param encode writes the answer as JSON in chunks.
 * @throws {HotvecError} what `serveWork` and `Embedder.embed` throw.
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
    { ...exchange, service: embedder, answerBytes },
    (context) => embedder.embed(inputs, { ...context, ...options }),
    encode,
  );
}

/** Components that vectors of these `dimensions` have; more than the model's are refused later, by what knows the bounds. */
export function sizeOfVectors({ model }: Pick<Embedder, 'model'>, dimensions: number | null): number {
  return Math.min(dimensions ?? model.dimensions, model.dimensions);
}
