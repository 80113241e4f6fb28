import { HotvecError, invalidInput } from '../../errors.ts';
import type { Limits } from '../openapi/schemas.ts';
import { grouped, kindOf } from './kind-of.ts';
import type { TakenInputs } from './taken-inputs.ts';

/**
 * Finds what is wrong with a value that should be a string, strings, token ids or arrays of token ids, or some of
 * these.
 */
export function explainInputs(value: unknown, field: string, taken: TakenInputs): HotvecError {
  if (looksLikeTokenIds(value) && !taken.tokenIds) return notTaken(field, 'token ids', taken);
  if (value === '') return empty(field);
  if (!Array.isArray(value)) return notTaken(field, kindOf(value), taken);
  if (value.length === 0) return empty(field);
  // An array of numbers is one input, whatever its length.
  const { maxInputs = Number.POSITIVE_INFINITY } = taken;
  if (value.length > maxInputs && typeof value[0] !== 'number') return tooMany(value.length, field, { maxInputs });
  const [first] = value;
  for (const [i, item] of value.entries()) {
    const name = `${field}[${i}]`;
    if (item === '' || (Array.isArray(item) && item.length === 0)) return empty(name);
    if (kindOf(item) !== kindOf(first) && !(taken.mixed && isInput(item) && isInput(first))) {
      const found = `${name} is ${kindOf(item)} and ${field}[0] is ${kindOf(first)}`;
      return invalidInput(`${found}; expected items of one type.`, name);
    }
    if (typeof item === 'number' && !isTokenId(item)) return badTokenId(name);
    if (Array.isArray(item) && taken.tokenIds) {
      const wrong = item.findIndex((id) => !isTokenId(id));
      if (wrong >= 0) return badTokenId(`${name}[${wrong}]`);
    } else if (typeof item !== 'string' && typeof item !== 'number') {
      return invalidInput(`${name} is ${kindOf(item)}; expected ${itemOf(taken)}.`, name);
    }
  }
  return notTaken(field, 'an array of strings', taken);
}

function isInput(item: unknown): boolean {
  return typeof item === 'string' || Array.isArray(item);
}

function isTokenId(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function badTokenId(name: string): HotvecError {
  return new HotvecError('invalid_token_id', `${name} is not a token id: expected a non-negative integer.`, {
    param: name,
  });
}

/** An input that is present but empty. */
export function empty(name: string): HotvecError {
  return new HotvecError('empty_input', `${name} is empty; there is nothing to embed.`, { param: name });
}

/** An array with more items than a request may have. */
export function tooMany(count: number, field: string, { maxInputs }: Pick<Limits, 'maxInputs'>): HotvecError {
  return new HotvecError(
    'too_many_inputs',
    `Cannot embed ${grouped(count)} inputs: the limit is ${grouped(maxInputs)} per request.`,
    { param: field },
  );
}

function looksLikeTokenIds(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  return typeof value[0] === 'number' || (Array.isArray(value[0]) && typeof value[0][0] === 'number');
}

function itemOf({ texts, tokenIds }: TakenInputs): string {
  if (!tokenIds) return 'a string';
  return texts ? 'a string or token ids' : 'token ids';
}

/** A value that this field does not accept. */
function notTaken(field: string, found: string, { words }: TakenInputs): HotvecError {
  return invalidInput(`${field} is ${found}; expected ${words}.`, field);
}
