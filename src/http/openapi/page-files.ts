import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { sendUnchanging, type UnchangingAnswer, unchanging } from '../answers/unchanging-answers.ts';

/** Of the package's files; the others it writes itself. */
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
};

/**
 * Gives the files of swagger-ui's page from memory: the package opens a file for each request, and clients that read none
 * of them took all descriptors there are.
 * @param url of the package's route for its files, with `*` for their names.
 */
export function registerPageFiles(app: FastifyInstance, url: string): void {
  const folder = path.join(path.dirname(fileURLToPath(import.meta.resolve('@fastify/swagger-ui'))), 'static');
  const files = new Map<string, Promise<UnchangingAnswer>>();

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== url) return;
    const name = (request.params as { '*': string })['*'].replace(/^\/+/, '');
    const type = TYPES[path.extname(name)];
    // All of them are in one folder, and nothing else is.
    if (type === undefined || !/^[\w.-]+$/.test(name)) {
      reply.callNotFound();
      return reply;
    }
    let file = files.get(name);
    if (file === undefined) {
      file = readFile(path.join(folder, name)).then((content) => unchanging(content, type));
      files.set(name, file);
      // Names of nothing are not kept.
      file.catch(() => files.delete(name));
    }
    const answer = await file.catch(() => undefined);
    if (answer !== undefined) return sendUnchanging(request, reply, answer);
    reply.callNotFound();
    return reply;
  });
}
