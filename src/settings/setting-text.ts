import type { TSchema } from 'typebox';

// How settings are written: in variables, in flags, and in complaints.

/** `maxBatchTokens` → `MAX_BATCH_TOKENS`. */
export function variableOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** `maxBatchTokens` → `max-batch-tokens`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** What is said of a flag that would change nothing. */
export function unusedFlag(name: string): string {
  return `--${flagOf(name)} is a setting of hotvec serve, and has no effect here. Omit it.`;
}

/** The value that a text stands for; the text itself where it is none of that type, for the check that follows. */
export function fromText(schema: TSchema & { type?: string; items?: TSchema }, text: string): unknown {
  const trimmed = text.trim();
  switch (schema.type) {
    case 'integer':
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
    case 'boolean':
      if (['1', 'true'].includes(trimmed)) return true;
      if (['0', 'false'].includes(trimmed)) return false;
      return trimmed;
    case 'array':
      return trimmed.split(',').map((item) => fromText(schema.items ?? {}, item));
    default:
      return trimmed;
  }
}

/** What a schema accepts, in words. */
export function wanted(schema: TSchema): string {
  const facts = schema as Record<string, unknown>;
  if (Array.isArray(facts.enum)) return `one of ${facts.enum.join(', ')}`;
  if (typeof facts.wanted === 'string') return facts.wanted;
  const kind =
    {
      integer: 'an integer',
      number: 'a number',
      boolean: '1 or 0',
      array: wantedList(facts as Parameters<typeof wantedList>[0]),
      string: 'a string',
    }[facts.type as string] ?? 'another value';
  const bounds = [
    facts.minimum === undefined ? '' : `at least ${facts.minimum}`,
    facts.exclusiveMinimum === undefined ? '' : `greater than ${facts.exclusiveMinimum}`,
    facts.maximum === undefined ? '' : `at most ${facts.maximum}`,
  ].filter((bound) => bound !== '');
  return [kind, ...bounds].join(', ');
}

interface ListFacts {
  items?: { type?: string; enum?: string[] };
  uniqueItems?: boolean;
}

function wantedList({ items, uniqueItems }: ListFacts): string {
  const ofNumbers = items?.type === 'integer' ? ' of integers' : '';
  const kind = items?.enum === undefined ? ofNumbers : ` of ${items.enum.join(', ')}`;
  return `a comma-separated list${kind}${uniqueItems === true ? ' without duplicates' : ''}`;
}
