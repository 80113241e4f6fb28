import type { FastifyReply } from 'fastify';

/** Tells caches that the answer is another with another value of a request's header; what was told before stays. */
export function varyBy(reply: FastifyReply, header: string): void {
  const known = reply.getHeader('vary');
  void reply.header('vary', known === undefined ? header : `${known}, ${header}`);
}
