import path from 'node:path';
import swaggerUi, { type FastifySwaggerUiOptions } from '@fastify/swagger-ui';
import type { FastifyPluginAsync } from 'fastify';

/**
 * GET /docs: the API's description for people. All its links are relative, so that it works behind a proxy that puts the
 * server below a path and does not say so.
 */
export const documentationPages: FastifyPluginAsync<{ basePath: string }> = async (app, { basePath }) => {
  const options: FastifySwaggerUiOptions = {
    routePrefix: '/docs',
    // Of links in the page without a slash at the end.
    indexPrefix: '.',
    // This document is a folder below the other one.
    transformSpecification: (document) => ({ ...document, servers: [{ url: basePath || '../' }] }),
    transformSpecificationClone: false,
  };
  app.addHook('onSend', async (request, reply) => {
    const location = reply.getHeader('location');
    if (typeof location !== 'string' || !location.startsWith('/')) return;
    const { pathname } = new URL(request.url, 'http://localhost');
    void reply.header('location', `${path.posix.relative(path.posix.dirname(pathname), location) || '.'}/`);
  });
  await app.register(swaggerUi, options);
};
