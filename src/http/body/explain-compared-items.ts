import { type HotvecError, invalidInput } from '../../errors.ts';
import type { Limits } from '../openapi/schemas.ts';
import { empty, tooMany } from './explain-inputs.ts';
import { isObject, kindOf } from './kind-of.ts';

const WANTED = 'a string, or a vector as an array of numbers or as {"embedding": …}';
/** Fields of an item of `data` in a response, and their types. */
const FIELDS: Record<string, string> = { object: 'string', index: 'number', truncated: 'boolean', tokens: 'number' };

/** Finds what is wrong with a value that should be a string, a vector, or an array of these, mixed. */
export function explainComparedItems(value: unknown, field: string, limits: Limits): HotvecError {
  if (!Array.isArray(value)) return explainItem(value, field);
  if (value.length === 0) return empty(field);
  // An array of numbers is one vector.
  if (typeof value[0] === 'number') return explainItem(value, field);
  if (value.length > limits.maxInputs) return tooMany(value.length, field, limits);
  const wrong = value.findIndex((item) => faultOf(item) !== null);
  return explainItem(value[wrong], `${field}[${wrong}]`);
}

function explainItem(item: unknown, name: string): HotvecError {
  const found = faultOf(item) ?? 'cannot be read';
  return invalidInput(`${name} ${found}; expected ${WANTED}.`, name);
}

/** What is wrong with an item; null: nothing. */
function faultOf(item: unknown): string | null {
  if (typeof item === 'string') return null;
  if (!isObject(item)) return faultOfNumbers(item);
  const { embedding, ...others } = item;
  if (embedding === undefined) return 'has no embedding';
  for (const [key, value] of Object.entries(others)) {
    if (!Object.hasOwn(FIELDS, key)) return 'has an unknown field';
    if (typeof value !== FIELDS[key]) return `has ${kindOf(value)} as ${key}`;
  }
  return typeof embedding === 'string' ? null : faultOfNumbers(embedding);
}

function faultOfNumbers(numbers: unknown): string | null {
  if (!Array.isArray(numbers)) return `is ${kindOf(numbers)}`;
  if (numbers.length === 0) return 'has no numbers';
  const stranger = numbers.findIndex((number) => typeof number !== 'number' || !Number.isFinite(number));
  return stranger < 0 ? null : `has ${kindOf(numbers[stranger])} at position ${stranger}`;
}
