import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/**
 * What orchestrators and scrapers ask past the proxy, and so past its prefix: always at the root as well. A proxy that
 * passes on what begins with the prefix shows none of them there.
 */
const AT_THE_ROOT = new Set(['/', '/ping', '/livez', '/readyz', '/health', '/metrics']);
/** A path that no route has. */
const NOWHERE = '/outside-of-the-base-path';

/**
 * Takes the base path from the URLs of requests before Fastify sees them, so that routes, log and metrics are the same with any.
 * Not by its `rewriteUrl`, which logs the URL.
 * @param basePath `/path`, without a slash at the end; empty: none.
 */
export function registerBasePath(app: FastifyInstance, basePath: string): void {
  if (basePath === '') return;
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    app.server.prependListener(event, (request: IncomingMessage & { originalUrl?: string | undefined }) => {
      // Where Fastify keeps what its own `rewriteUrl` was given.
      request.originalUrl = request.url;
      request.url = withoutBasePath(request, basePath);
    });
  }
}

/** Whether a URL is one that was found to be outside. */
export function isOutside(url: string): boolean {
  return url === NOWHERE;
}

function withoutBasePath({ url = '/', method }: IncomingMessage, basePath: string): string {
  const [path = ''] = url.split('?', 1);
  if (AT_THE_ROOT.has(path) && (method === 'GET' || method === 'HEAD')) return url;
  if (path !== basePath && !path.startsWith(`${basePath}/`)) return NOWHERE;
  const rest = url.slice(basePath.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}
