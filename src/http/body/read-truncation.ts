import { invalidInput } from '../../errors.ts';
import type { Config } from '../../settings/config.ts';
import { truncationByDefault } from './truncation-by-default.ts';

/** What `truncate` may be: the words of hotvec, and those of NVIDIA's NIM, which mean the same. */
export const truncations = ['error', 'end', 'start', 'NONE', 'END', 'START'] as const;

type Truncation = 'error' | 'end' | 'start';

export interface TruncationFields {
  truncate?: (typeof truncations)[number] | undefined;
  /** Voyage's: whether to cut off the end. */
  truncation?: boolean | undefined;
  /** vLLM's: to cut to what the model takes. */
  truncate_prompt_tokens?: number | undefined;
  /** vLLM's: where, if anything is cut. */
  truncation_side?: 'left' | 'right' | undefined;
}

const MEANING = { error: 'error', none: 'error', end: 'end', start: 'start' } as const;

/**
 * What a request wants done with inputs that are too long.
 * @param setting `TRUNCATE`, where the request does not say.
 * @throws {HotvecError} invalid_input, where two of its fields contradict each other.
 */
export function readTruncation(fields: TruncationFields, setting: Config['truncate']): Truncation {
  const { truncate, truncation, truncate_prompt_tokens: toFit, truncation_side: side } = fields;
  const said: { name: keyof TruncationFields; means: Truncation }[] = [];
  if (truncate !== undefined) {
    said.push({ name: 'truncate', means: MEANING[truncate.toLowerCase() as keyof typeof MEANING] });
  }
  if (truncation !== undefined) said.push({ name: 'truncation', means: truncation ? 'end' : 'error' });
  if (toFit !== undefined) said.push({ name: 'truncate_prompt_tokens', means: 'end' });
  const [first, ...others] = said;
  const contrary = others.find(({ means }) => (means === 'error') !== (first?.means === 'error'));
  if (first !== undefined && contrary !== undefined) throw contradiction(fields, first.name, contrary.name);
  const wanted = first?.means ?? truncationByDefault(setting);
  if (side === undefined || wanted === 'error') return wanted;
  const bySide = side === 'left' ? 'start' : 'end';
  // The other fields that allow a cut do not say where.
  if (truncate !== undefined && bySide !== wanted) throw contradiction(fields, 'truncate', 'truncation_side');
  return bySide;
}

function contradiction(fields: TruncationFields, one: keyof TruncationFields, other: keyof TruncationFields) {
  return invalidInput(`${one} is ${fields[one]} but ${other} is ${fields[other]}; send only one of them.`, other);
}
