import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** For clients that send their whole body before they read: twice the usual limit of one, at the pace of a slow network. */
const LINGER = { bytes: 32 * 1024 * 1024, milliseconds: 10_000 };

/**
 * An answer that is sent before the whole request has arrived (401, 413, 415, 429) closes the connection, and the close
 * must wait: if bytes of a client are still unread, the kernel answers with a reset, and the client sees a broken pipe
 * instead of the response. So the sending half is closed, and the rest is read and dropped, up to a bound.
 */
export function registerLingeringClose(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply) => lingerUnlessComplete(request, reply));
}

/** For answers that no hook sees. */
export function lingerUnlessComplete({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete !== false) return;
  // Also where Node would keep the connection: it would swallow the rest of the body, 320 MiB of it were measured.
  void reply.header('connection', 'close');
  const { socket } = raw;
  // What Node calls when the last answer of a connection is written.
  socket.destroySoon = () => linger(socket);
}

/**
 * Ends a connection so that the client can read what it was answered, whatever it is still sending.
 * @param limits what is read and dropped at most, and for how long.
 */
export function linger(socket: Socket, { bytes, milliseconds } = LINGER): void {
  const destroy = () => void socket.destroy();
  // The client has closed, or sent something that is not HTTP, while we wait: it has had its response.
  socket.destroySoon = () => (socket.writableFinished ? destroy() : void socket.once('finish', destroy));
  const timer = setTimeout(destroy, milliseconds);
  let left = bytes;
  // This takes the socket from Node's parser: nothing that comes now is a request.
  const parsers = socket.listeners('data');
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    // A client that reads while it sends can still read.
    if (left < 0) socket.pause();
  });
  for (const parser of parsers) socket.off('data', parser as (chunk: Buffer) => void);
  socket.once('end', () => socket.destroySoon()).once('close', () => clearTimeout(timer));
  socket.end();
  if (socket.readableEnded) {
    socket.destroySoon();
  } else {
    socket.resume();
    // The parser read in the socket's place, which still waits for what it got. An empty piece ends that wait.
    socket.push('');
  }
}
