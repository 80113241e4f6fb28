import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HotvecError } from '../../errors.ts';
import type { ApiKeys } from './api-keys.ts';

/**
 * Paths that answer GET and HEAD without a key: orchestrators and load balancers probe them, and say no more than whether
 * requests would be served; and the playground with its files, the same for everyone, which asks for the key itself.
 * Everything else is denied by default.
 */
const PUBLIC_PATHS = new Set(['/livez', '/readyz', '/health', '/', '/ping', '/playground/*']);

/** RFC 9110, 15.5.2: every 401 says how to authenticate. */
const CHALLENGE = 'Bearer realm="hotvec"';

/** Asks every request, but for those of public paths, for a known key. Without keys configured, lets everyone in. */
export function registerAuth(app: FastifyInstance, keys: ApiKeys | null): void {
  app.decorateRequest('keyName', undefined);
  if (keys === null) return;
  app.addHook('onRequest', async (request, reply) => {
    if (isPublic(request)) return;
    const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const name = key === undefined ? undefined : keys.nameOf(key);
    if (name === undefined) {
      // RFC 6750, 3.1: what is wrong is said of a key that came, not of one that did not.
      void reply.header('www-authenticate', key === undefined ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`);
      throw new HotvecError(
        'invalid_api_key',
        key === undefined
          ? 'This server requires an API key; send it as "authorization: Bearer KEY".'
          : 'The API key is unknown to this server.',
      );
    }
    request.keyName = name;
  });
}

/** By the route that takes the request, not by its URL: `/livez/../v1/models` is another. */
function isPublic({ method, routeOptions }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && PUBLIC_PATHS.has(routeOptions.url ?? '');
}
