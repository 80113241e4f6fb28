import type { Config } from '../../settings/config.ts';

/**
 * What becomes of over-long inputs where the request does not say.
 * @param ofApi what the requested API does then; it applies if the operator has not chosen.
 */
export function truncationByDefault(
  setting: Config['truncate'],
  ofApi: 'error' | 'end' = 'error',
): 'error' | 'end' | 'start' {
  return setting === 'auto' ? ofApi : setting;
}
