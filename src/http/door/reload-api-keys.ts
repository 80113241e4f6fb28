import type { Logger } from 'pino';
import { messageOf } from '../../errors.ts';
import type { ApiKeys } from './api-keys.ts';

/** What SIGHUP does. A file that cannot be used changes nothing: a slip of the pen must not lock everyone out. */
export function reloadApiKeys(apiKeys: ApiKeys | null, logger: Logger): void {
  if (apiKeys === null) {
    logger.warn('SIGHUP reloads API keys, and API_KEYS_FILE is not set: ignored');
    return;
  }
  try {
    apiKeys.reload();
    logger.info({ keys: apiKeys.count }, 'API keys reloaded');
  } catch (error) {
    logger.error(
      { reason: messageOf(error), keys: apiKeys.count },
      'API keys not reloaded: those of before stay valid',
    );
  }
}
