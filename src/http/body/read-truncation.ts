import { invalidInput } from '../../errors.ts';
import type { Config } from '../../settings/config.ts';
import { truncationByDefault } from './truncation-by-default.ts';

/** What `truncate` may be: the words of hotvec, and those of NVIDIA's NIM, which mean the same. */
export const truncations = ['error', 'end', 'start', 'NONE', 'END', 'START'] as const;

export interface TruncationFields {
  truncate?: (typeof truncations)[number] | undefined;
  /** Voyage's: whether to cut off the end. */
  truncation?: boolean | undefined;
}

/**
 * What a request wants done with inputs that are too long.
 * @param setting `TRUNCATE`, where the request does not say.
 * @throws {HotvecError} invalid_input, where its two fields contradict each other.
 */
export function readTruncation(
  { truncate, truncation }: TruncationFields,
  setting: Config['truncate'],
): 'error' | 'end' | 'start' {
  if (truncate === undefined) {
    if (truncation === undefined) return truncationByDefault(setting);
    return truncation ? 'end' : 'error';
  }
  const wanted = ({ error: 'error', none: 'error', end: 'end', start: 'start' } as const)[
    truncate.toLowerCase() as 'error' | 'none' | 'end' | 'start'
  ];
  if (truncation !== undefined && truncation !== (wanted !== 'error')) {
    const message = `truncate is ${truncate} but truncation is ${truncation}; send only one of them.`;
    throw invalidInput(message, 'truncation');
  }
  return wanted;
}
