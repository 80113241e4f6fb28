import type { FastifyInstance } from 'fastify';
import { HotvecError } from '../errors.ts';
import type { ApiKeys } from './api-keys.ts';

/** Routes that answer without a key: orchestrators probe them. Everything else is denied by default. */
const PUBLIC_ROUTES = new Set(['/livez', '/readyz', '/health']);

/** Asks every request, but for the health checks, for a known key. Without keys configured, lets everyone in. */
export function registerAuth(app: FastifyInstance, keys: ApiKeys | null): void {
  app.decorateRequest('keyName', undefined);
  if (keys === null) return;
  app.addHook('onRequest', async (request) => {
    if (PUBLIC_ROUTES.has(request.routeOptions.url ?? '')) return;
    const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const name = key === undefined ? undefined : keys.nameOf(key);
    if (name === undefined) {
      throw new HotvecError(
        'invalid_api_key',
        key === undefined
          ? 'This server asks for an API key; send it as "authorization: Bearer KEY".'
          : 'The API key is not known to this server.',
      );
    }
    request.keyName = name;
  });
}
