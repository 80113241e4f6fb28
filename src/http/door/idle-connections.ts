import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** About 10 KB and a file descriptor each. Proxies keep some tens open. */
const MOST_IDLE = 1_024;

/**
 * Bounds the connections that are kept open for a next request. Of too many, those that have waited longest are closed:
 * a proxy takes the one that it used last, so they are the least likely to be used again.
 *
 * `KEEP_ALIVE_S` must outlast what is in front, for a server that closes a connection while a request is on its way
 * there causes a 502. That is long, and by itself would let a client that opens many hold them that long.
 */
export function registerIdleConnections(app: FastifyInstance, mostIdle = MOST_IDLE): void {
  /** Longest idle first. */
  const idle = new Set<Socket>();
  /** Requests that are inside, by connection: one may bring several. */
  const inside = new WeakMap<Socket, number>();

  app.addHook('onRequest', async ({ raw: { socket } }) => {
    idle.delete(socket);
    inside.set(socket, (inside.get(socket) ?? 0) + 1);
  });
  app.addHook('onResponse', async ({ raw: { socket } }) => {
    const left = (inside.get(socket) ?? 1) - 1;
    inside.set(socket, left);
    if (left > 0 || socket.destroyed) return;
    idle.add(socket);
    if (idle.size <= mostIdle) return;
    const [longest] = idle;
    if (longest === undefined) return;
    idle.delete(longest);
    longest.destroySoon();
  });
  app.server.on('connection', (socket) => {
    socket.once('close', () => idle.delete(socket));
  });
}
