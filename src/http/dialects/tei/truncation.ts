import type { Config } from '../../../settings/config.ts';
import type { EmbedOptions } from '../../../tasks/embedding/embedder.ts';
import { truncationByDefault } from '../../body/truncation-by-default.ts';

interface TruncationChoices {
  truncate?: boolean | null | undefined;
  truncation_direction?: 'Left' | 'Right' | 'left' | 'right' | null | undefined;
}

/**
 * What becomes of over-long inputs. A request that does not say gets what the operator chose, and where that is nothing,
 * a cut, as `--auto-truncate` of text-embeddings-inference is on since 1.9.0.
 */
export function teiTruncation(choices: TruncationChoices, setting: Config['truncate']): EmbedOptions['truncate'] {
  const { truncate, truncation_direction: direction } = choices;
  const byDefault = truncationByDefault(setting, 'end');
  if (truncate === false || (truncate == null && byDefault === 'error')) return 'error';
  if (direction == null) return truncate === true ? 'end' : byDefault;
  return direction.toLowerCase() === 'left' ? 'start' : 'end';
}
