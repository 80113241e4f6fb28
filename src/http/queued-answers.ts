import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Tells the answers that wait behind another one on their connection that the client has left. Node does so from
 * version 24 on; before, only the first one is told, and the others would be computed, and hold their bytes, for nobody.
 */
export function registerQueuedAnswers(app: FastifyInstance): void {
  const open = new Map<Socket, Set<ServerResponse>>();
  app.addHook('onRequest', async ({ raw: { socket } }, { raw: response }) => {
    let answers = open.get(socket);
    if (answers === undefined) {
      answers = new Set();
      open.set(socket, answers);
      socket.once('close', () => close(socket));
    }
    answers.add(response);
    response.once('close', () => answers.delete(response));
  });

  function close(socket: Socket): void {
    // After Node's own listeners, which tell those that they know.
    setImmediate(() => {
      for (const response of open.get(socket) ?? []) response.emit('close');
      open.delete(socket);
    });
  }
}
