import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import { messageOf, StartError } from '../../errors.ts';
import { fileKind } from '../../file-kind.ts';

export interface ApiKey {
  /** What logs and queue shares call it. */
  name: string;
  sha256: Buffer;
}

const LINE = /^([A-Za-z0-9._-]{1,64}):([0-9a-fA-F]{64})$/;

/** The keys that are valid now. */
export class ApiKeys {
  private keys: readonly ApiKey[];
  private readonly read: () => readonly ApiKey[];

  /** @param read gives all keys, at once and at each reload; it may throw. */
  constructor(read: () => readonly ApiKey[]) {
    this.read = read;
    this.keys = read();
  }

  /** How many there are; several may bear one name. */
  get count(): number {
    return this.keys.length;
  }

  /** Reads the keys again: from the next request on these are valid, and no others. When it throws, nothing changes. */
  reload(): void {
    this.keys = this.read();
  }

  /** Compares with every key, whatever matched before: the time taken tells nothing. */
  nameOf(candidate: string): string | undefined {
    const sha256 = createHash('sha256').update(candidate).digest();
    let found: string | undefined;
    for (const key of this.keys) if (timingSafeEqual(key.sha256, sha256)) found = key.name;
    return found;
  }
}

/** What SIGHUP does. A file that cannot be used changes nothing: a slip of the pen must not lock everyone out. */
export function reloadApiKeys(apiKeys: ApiKeys | null, logger: Logger): void {
  if (apiKeys === null) {
    logger.warn('SIGHUP ignored: it reloads API keys, but API_KEYS_FILE is not set');
    return;
  }
  try {
    apiKeys.reload();
    logger.info({ keys: apiKeys.count }, 'API keys reloaded');
  } catch (error) {
    logger.error(
      { reason: messageOf(error), keys: apiKeys.count },
      'API keys not reloaded: the previous ones stay valid',
    );
  }
}

/**
 * Reads a key file: one `name:sha256-of-key-in-hex` a line; empty lines and `#` comments are skipped. Several lines
 * may bear the same name, so that a key can be changed without a gap.
 *
 * @throws {StartError} for a file that cannot be read, has a malformed line, or has no key. No message holds a line.
 */
export function readApiKeys(file: string): ApiKey[] {
  const keys: ApiKey[] = [];
  for (const [i, raw] of readText(file).split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, name, hex] = LINE.exec(line) ?? [];
    if (name === undefined || hex === undefined) {
      throw new StartError(
        `API_KEYS_FILE, line ${i + 1}: expected name:sha256. Create the hash with: printf %s "$KEY" | sha256sum`,
      );
    }
    keys.push({ name, sha256: Buffer.from(hex, 'hex') });
  }
  if (keys.length === 0) throw new StartError('API_KEYS_FILE contains no keys.');
  return keys;
}

function readText(file: string): string {
  const kind = fileKind(file);
  if (kind !== 'file' && kind !== 'absent') {
    throw new StartError(`API_KEYS_FILE=${file} is a ${kind}; expected a regular file, which can be read again.`);
  }
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new StartError(`API_KEYS_FILE cannot be read: ${messageOf(error)}`);
  }
}
