import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { HotvecError, messageOf, StartError } from '../errors.ts';

export interface ApiKey {
  /** What logs and queue shares call it. */
  name: string;
  sha256: Buffer;
}

/** Routes that answer without a key: orchestrators probe them. Everything else is denied by default. */
const PUBLIC_ROUTES = new Set(['/livez', '/readyz', '/health']);
const LINE = /^([A-Za-z0-9._-]{1,64}):([0-9a-fA-F]{64})$/;

/**
 * Reads a key file: one `name:sha256-of-key-in-hex` a line; empty lines and `#` comments are skipped. Several lines
 * may bear the same name, so that a key can be changed without a gap.
 *
 * @throws {StartError} for a file that cannot be read, has a malformed line, or has no key.
 */
export function readApiKeys(file: string): ApiKey[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`API_KEYS_FILE cannot be read: ${messageOf(error)}`);
  }
  const keys: ApiKey[] = [];
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, hex] = LINE.exec(line) ?? [];
    if (name === undefined || hex === undefined) {
      throw new StartError(
        `API_KEYS_FILE, line ${i + 1}: wanted is name:sha256. Make the hash with: printf %s "$KEY" | sha256sum`,
      );
    }
    keys.push({ name, sha256: Buffer.from(hex, 'hex') });
  }
  if (keys.length === 0) throw new StartError('API_KEYS_FILE holds no key.');
  return keys;
}

/** Asks every request, but for the health checks, for a known key. Without keys configured, lets everyone in. */
export function registerAuth(app: FastifyInstance, keys: readonly ApiKey[] | null): void {
  app.decorateRequest('keyName', undefined);
  if (keys === null) return;
  app.addHook('onRequest', async (request) => {
    if (PUBLIC_ROUTES.has(request.routeOptions.url ?? '')) return;
    const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const name = key === undefined ? undefined : findKey(keys, key);
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

/** Compares with every key, whatever matched before: the time taken tells nothing. */
function findKey(keys: readonly ApiKey[], candidate: string): string | undefined {
  const sha256 = createHash('sha256').update(candidate).digest();
  let found: string | undefined;
  for (const key of keys) if (timingSafeEqual(key.sha256, sha256)) found = key.name;
  return found;
}
