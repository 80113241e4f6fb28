import path from 'node:path';
import swaggerUi, { type FastifySwaggerUiOptions } from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';

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
    const isForPage = (request.query as { for?: string }).for === 'page';
    return isForPage
      ? { ...document, servers: servers.map(({ url }) => ({ url: url === './' ? '../' : url })) }
      : document;
  },
  transformSpecificationClone: false,
};

/**
 * GET /docs: the API's description for people. All its links are relative, so that it works behind a proxy that puts the
 * server below a path and does not say so.
 */
export const documentationPages: FastifyPluginAsync = async (app) => {
  app.addHook('onSend', async (request, reply) => {
    const location = reply.getHeader('location');
    if (typeof location !== 'string' || !location.startsWith('/')) return;
    const [pathname = ''] = request.url.split('?', 1);
    void reply.header('location', `${path.posix.relative(path.posix.dirname(pathname), location) || '.'}/`);
  });
  await app.register(swaggerUi, options);
};
