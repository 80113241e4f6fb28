import type { Config } from '../../settings/config.ts';

/**
 * What becomes of over-long inputs where the request does not say.
 * @param ofApi what the API that is asked does then; it counts where the operator has not chosen.
 */
export function truncationByDefault(
  setting: Config['truncate'],
  ofApi: 'error' | 'end' = 'error',
): 'error' | 'end' | 'start' {
  return setting === 'auto' ? ofApi : setting;
}
