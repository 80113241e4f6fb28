import path from 'node:path';
import { fileURLToPath } from 'node:url';
import swaggerUi, { type FastifySwaggerUiOptions } from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { stringify } from 'yaml';
import { answersMadeAtStart } from '../answers/answers-made-at-start.ts';
import { FilesInMemory } from '../answers/files-in-memory.ts';
import { registerUnchangingAnswers, sendUnchanging, unchanging } from '../answers/unchanging-answers.ts';

interface PageRequest {
  url: string;
  loadSpec?: boolean;
}

const options: FastifySwaggerUiOptions = {
  routePrefix: '/docs',
  // Of links in the page without a slash at the end.
  indexPrefix: '.',
  uiConfig: {
    // Runs in the page.
    requestInterceptor: (request: object) => {
      const sent = request as PageRequest;
      if (sent.loadSpec) sent.url += '?for=page';
      return sent;
    },
  },
};

/** The package writes it again for each request. */
const INITIALIZER = '/docs/static/swagger-initializer.js';

function isForPage(query: unknown): boolean {
  return (query as { for?: string }).for === 'page';
}

/** The page reads the document a folder below /openapi.json, of which the document's own server is said. */
function forPage<Description extends object>(description: Description): Description {
  const { servers = [] } = description as { servers?: { url: string }[] };
  return { ...description, servers: servers.map(({ url }) => ({ url: url === '.' ? '..' : url })) };
}

/**
 * GET /openapi.json and /openapi.yaml: the API's description; and GET /docs, the same for people. All links of the page
 * are relative, so that it works behind a proxy that puts the server below a path and does not say so.
 */
export const documentationPages: FastifyPluginAsync = async (app) => {
  registerPageFiles(app, '/docs/static/*');
  registerUnchangingAnswers(app, ({ routeOptions: { url } }) => (url === INITIALIZER ? url : undefined));
  const json = (description: object) => unchanging(JSON.stringify(description), 'application/json; charset=utf-8');
  // Written once. To fold lines, and to look for objects that occur twice, takes four times as long as all the rest.
  let text: string | undefined;
  const yaml = (type: string) => {
    text ??= stringify(app.swagger(), { lineWidth: 0, aliasDuplicateObjects: false });
    return unchanging(text, type);
  };
  const descriptions = answersMadeAtStart(app, {
    '/openapi.json': () => json(app.swagger()),
    '/openapi.yaml': () => yaml('application/yaml; charset=utf-8'),
    '/docs/json': () => json(app.swagger()),
    '/docs/json for page': () => json(forPage(app.swagger())),
    '/docs/yaml': () => yaml('application/x-yaml'),
  });
  for (const url of ['/openapi.json', '/openapi.yaml'] as const) {
    app.get(url, { schema: { hide: true } }, (request, reply) => sendUnchanging(request, reply, descriptions(url)));
  }
  // Instead of the package's, which writes them again for each request.
  app.addHook('onRequest', async (request, reply) => {
    const { url } = request.routeOptions;
    if (url !== '/docs/json' && url !== '/docs/yaml') return;
    // The page reads JSON.
    const name = url === '/docs/json' && isForPage(request.query) ? '/docs/json for page' : url;
    return sendUnchanging(request, reply, descriptions(name));
  });
  app.addHook('onSend', async (request, reply) => {
    const location = reply.getHeader('location');
    if (typeof location !== 'string' || !location.startsWith('/')) return;
    const [pathname = ''] = request.url.split('?', 1);
    void reply.header('location', `${path.posix.relative(path.posix.dirname(pathname), location) || '.'}/`);
  });
  await app.register(swaggerUi, options);
};

/**
 * Gives the files of swagger-ui's page from memory: the package opens a file for each request. All are in one folder, and
 * nothing else is; others the package writes itself.
 * @param url of the package's route for its files, with `*` for their names.
 */
function registerPageFiles(app: FastifyInstance, url: string): void {
  const folder = path.join(path.dirname(fileURLToPath(import.meta.resolve('@fastify/swagger-ui'))), 'static');
  const files = new FilesInMemory(folder, (content, type) => unchanging(content, type));

  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== url) return;
    const file = await files.get((request.params as { '*': string })['*'].replace(/^\/+/, ''));
    if (file !== undefined) return sendUnchanging(request, reply, file);
    reply.callNotFound();
    return reply;
  });
}
