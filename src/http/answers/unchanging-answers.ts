import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { sendChunks } from './send-chunks.ts';

/** What the socket is given at a time: whether a client reads is seen by what it took of such (stalled-readers.ts). */
const CHUNK_BYTES = 256 * 1024;

/** An answer that stays the same while the server runs. */
export interface UnchangingAnswer {
  bytes: Buffer;
  type: string;
  headers: Record<string, string>;
}

/** @param headers besides the usual ones, or in their place. */
export function unchanging(
  content: string | Buffer,
  type: string,
  headers: Record<string, string> = {},
): UnchangingAnswer {
  const bytes = Buffer.from(content as string);
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
  // Held by the client, and asked for again each time: another version of the server has others. RFC 9110, 8.8.3.
  return { bytes, type, headers: { etag: `"${hash}"`, 'cache-control': 'no-cache', ...headers } };
}

/**
 * Creates texts that routes return once, and keeps them: writing a description of 200 KB again takes the event loop
 * longer than a batch takes the engine.
 * @param app the plugin of the routes, before they are defined.
 * @param nameOf which text a request asks for, one of a few; undefined: one that has to be generated.
 */
export function registerUnchangingAnswers(
  app: FastifyInstance,
  nameOf: (request: FastifyRequest) => string | undefined,
): void {
  const answers = new Map<string, UnchangingAnswer>();
  app.addHook('onRequest', async (request, reply) => {
    const answer = answers.get(nameOf(request) ?? '');
    if (answer !== undefined) return sendUnchanging(request, reply, answer);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const name = nameOf(request);
    if (name === undefined || request.method !== 'GET' || reply.statusCode !== 200 || answers.has(name)) return;
    if (typeof payload !== 'string') return;
    const answer = unchanging(payload, String(reply.getHeader('content-type')));
    answers.set(name, answer);
    void reply.headers(answer.headers);
  });
}

/**
 * Sends it, or only that it has not changed if the client already has it.
 * @throws {HotvecError} overloaded or key_share_exceeded, when there is no room for it.
 */
export function sendUnchanging(request: FastifyRequest, reply: FastifyReply, answer: UnchangingAnswer): FastifyReply {
  void reply.headers(answer.headers);
  const known = request.headers['if-none-match']?.split(',').map((etag) => etag.trim().replace(/^W\//, ''));
  const isKnown = known?.some((etag) => etag === answer.headers.etag || etag === '*');
  // RFC 9110, 13.2.1: what fails is not compared.
  if (isKnown && reply.statusCode === 200) return reply.code(304).send();
  request.held.reserve(answer.bytes.length);
  const chunks: Buffer[] = [];
  for (let start = 0; start < answer.bytes.length; start += CHUNK_BYTES) {
    chunks.push(answer.bytes.subarray(start, start + CHUNK_BYTES));
  }
  return sendChunks(reply, chunks, answer.type);
}
