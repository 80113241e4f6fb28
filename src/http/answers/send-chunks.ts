import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/**
 * Sends an answer that is there in chunks. Several are streamed as they are: joining them would copy tens of megabytes at
 * once, and hold the event loop meanwhile.
 */
export function sendChunks(
  reply: FastifyReply,
  chunks: readonly Buffer[],
  type = 'application/json; charset=utf-8',
): FastifyReply {
  void reply.type(type);
  const [first, ...others] = chunks;
  if (others.length === 0) return reply.send(first);
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
  return reply.header('content-length', bytes).send(Readable.from(chunks));
}
