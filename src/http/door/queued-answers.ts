import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Tells the answers that wait behind another one on their connection that the client has left. Node does so from
 * version 24 on; before, only the first one is notified, and the others would be computed, and hold their bytes, for no
 * one.
 */
export function registerQueuedAnswers(app: FastifyInstance): void {
  // Not maps and sets that live long: see why in batching/sequences-in-flight.ts.
  const open = new WeakMap<Socket, ServerResponse[]>();
  app.addHook('onRequest', async ({ raw: { socket } }, { raw: response }) => {
    let answers = open.get(socket);
    if (answers === undefined) {
      answers = [];
      open.set(socket, answers);
      socket.once('close', () => close(socket));
    }
    answers.push(response);
    // The first one, unless the connection was lost: answers are written in the order of their requests.
    response.once('close', () => answers.splice(answers.indexOf(response), 1));
  });

  function close(socket: Socket): void {
    // After Node's own listeners, which tell those that they know.
    setImmediate(() => {
      for (const response of [...(open.get(socket) ?? [])]) response.emit('close');
    });
  }
}
