import type { BodySchema } from './keep-described.ts';

/** What a field for inputs takes. */
export interface TakenInputs {
  /** For messages: `a string, an array of strings, or token ids`. */
  words: string;
  texts: boolean;
  tokenIds: boolean;
  /** Whether an array may hold strings as well as token ids. */
  mixed: boolean;
  /** Inputs that a request may have; undefined: an array is one input, whatever its length. */
  maxInputs: number | undefined;
}

/**
 * Reads from a schema what its field at `keys` takes: routes differ in it.
 * @param keys names of the objects around the field, and its own.
 */
export function takenInputs(schema: object, keys: readonly string[]): TakenInputs {
  const field = keys.reduce<BodySchema | undefined>((node, key) => node?.properties?.[key], schema);
  const forms = field?.anyOf ?? [field ?? {}];
  const text = forms.some(({ type }) => type === 'string');
  const itemTypes = forms.map(({ items }) => (items?.anyOf ?? [items]).map((item) => item?.type));
  const texts = itemTypes.some((types) => types.includes('string'));
  const tokenIds = itemTypes.some((types) => types.includes('integer'));
  const mixed = itemTypes.some((types) => types.includes('string') && types.includes('array'));
  const names = [text && 'a string', texts && 'an array of strings', tokenIds && 'token ids'].filter(
    (name) => name !== false,
  );
  const last = names.pop() ?? 'another value';
  const words = names.length === 0 ? last : `${names.join(', ')}${names.length > 1 ? ',' : ''} or ${last}`;
  const maxInputs = forms.find(({ maxItems }) => maxItems !== undefined)?.maxItems;
  return { words, texts, tokenIds, mixed, maxInputs };
}
