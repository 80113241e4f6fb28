import { isIPv6, type Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HeldBytes, InflightBytes, Owner } from './inflight-bytes.ts';

/**
 * Counts what each request holds in `request.held`: of every route the answer, from when it is there (or from when room was
 * reserved for it) until it is out; its body is counted by who receives it.
 *
 * @returns whether a connection's client should have no more than one answer under way now.
 */
export function registerByteCount(app: FastifyInstance, inflight: InflightBytes): (socket: Socket) => boolean {
  /** Of the last answer on each connection. */
  const owners = new WeakMap<Socket, Owner>();
  // Its own object for each request, made by the hook.
  app.decorateRequest('held', null as unknown as HeldBytes);
  app.addHook('onRequest', async (request, reply) => {
    const held = inflight.open(() => ownerOf(request));
    request.held = held;
    // Until then what it holds is somewhere inside.
    reply.raw.once('close', () => held.release());
  });
  app.addHook('onSend', async (request, reply, payload) => {
    // A URL that cannot be decoded is answered without the hook above.
    if (request.held === null) return;
    request.held.answer(bytesOf(payload, request, reply));
    owners.set(request.raw.socket, request.held.owner);
  });
  return (socket) => {
    const owner = owners.get(socket);
    return inflight.isFull || (owner !== undefined && inflight.isShareFull(owner));
  };
}

function ownerOf({ keyName, raw }: FastifyRequest): Owner {
  return keyName === undefined
    ? { name: `address ${clientOf(raw.socket)}`, isKey: false }
    : { name: `key ${keyName}`, isKey: true };
}

/**
 * Whom a connection is from, where no key says it: the address, of IPv6 the first 64 bits, which one subscriber has all
 * to himself. Behind a proxy all clients have its address.
 */
function clientOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress) ?? [];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(remoteAddress)) return remoteAddress;
  const [address = ''] = remoteAddress.split('%');
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...(address.includes('::') ? zeros : []), ...tail].slice(0, 4).join(':');
}

function bytesOf(payload: unknown, { method, routeOptions }: FastifyRequest, reply: FastifyReply): number {
  if (method === 'HEAD') return 0;
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  if (Buffer.isBuffer(payload)) return payload.length;
  if (routeOptions.config?.isOfFiles === true) return 0;
  // Streams: send-chunks.ts says how long they are.
  return Number(reply.getHeader('content-length') ?? 0);
}
