import path from 'node:path';
import swaggerUi, { type FastifySwaggerUiOptions } from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';
import { registerPageFiles } from './page-files.ts';
import { registerUnchangingAnswers } from './unchanging-answers.ts';

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
  // The page reads the document a folder below /openapi.json, of which the document's own server is said.
  transformSpecification: (document, request) => {
    const { servers = [] } = document as { servers?: { url: string }[] };
    return isForPage(request.query)
      ? { ...document, servers: servers.map(({ url }) => ({ url: url === '.' ? '..' : url })) }
      : document;
  },
  transformSpecificationClone: false,
};

/** What the package makes anew for each request. */
const TEXTS = new Set(['/docs/json', '/docs/yaml', '/docs/static/swagger-initializer.js']);

function isForPage(query: unknown): boolean {
  return (query as { for?: string }).for === 'page';
}

/**
 * GET /docs: the API's description for people. All its links are relative, so that it works behind a proxy that puts the
 * server below a path and does not say so.
 */
export const documentationPages: FastifyPluginAsync = async (app) => {
  registerPageFiles(app, '/docs/static/*');
  registerUnchangingAnswers(app, ({ routeOptions: { url }, query }) =>
    url !== undefined && TEXTS.has(url) ? `${url} ${isForPage(query)}` : undefined,
  );
  app.addHook('onSend', async (request, reply) => {
    const location = reply.getHeader('location');
    if (typeof location !== 'string' || !location.startsWith('/')) return;
    const [pathname = ''] = request.url.split('?', 1);
    void reply.header('location', `${path.posix.relative(path.posix.dirname(pathname), location) || '.'}/`);
  });
  await app.register(swaggerUi, options);
};
