import { HotvecError } from '../../errors.ts';
import type { Limits } from '../openapi/schemas.ts';
import { empty, tooMany } from './explain-inputs.ts';
import { kindOf } from './kind-of.ts';

const WANTED = 'a text, or a vector as a list of numbers or as {"embedding": …}';
/** Fields of an item of an answer, and their types. */
const FIELDS: Record<string, string> = { object: 'string', index: 'number', truncated: 'boolean', tokens: 'number' };

/** Finds what is wrong with a value that should be a text, a vector, or a list of these, mixed. */
export function explainComparedItems(value: unknown, field: string, limits: Limits): HotvecError {
  if (!Array.isArray(value)) return explainItem(value, field);
  if (value.length === 0) return empty(field);
  // A list of numbers is one vector.
  if (typeof value[0] === 'number') return explainItem(value, field);
  if (value.length > limits.maxInputs) return tooMany(value.length, field, limits);
  const wrong = value.findIndex((item) => faultOf(item) !== null);
  return explainItem(value[wrong], `${field}[${wrong}]`);
}

function explainItem(item: unknown, name: string): HotvecError {
  const found = faultOf(item) ?? 'cannot be read';
  return new HotvecError('invalid_input', `${name} ${found}; wanted is ${WANTED}.`, { param: name });
}

/** What is wrong with an item; null: nothing. */
function faultOf(item: unknown): string | null {
  if (typeof item === 'string') return null;
  if (!isObject(item)) return faultOfNumbers(item);
  const { embedding, ...others } = item;
  if (embedding === undefined) return 'has no embedding';
  if (Object.entries(others).some(([key, value]) => typeof value !== FIELDS[key])) {
    return 'has a field that an embedding of an answer has not';
  }
  return typeof embedding === 'string' ? null : faultOfNumbers(embedding);
}

function faultOfNumbers(numbers: unknown): string | null {
  if (!Array.isArray(numbers)) return `is ${kindOf(numbers)}`;
  if (numbers.length === 0) return 'has no numbers';
  const stranger = numbers.findIndex((number) => typeof number !== 'number' || !Number.isFinite(number));
  return stranger < 0 ? null : `has ${kindOf(numbers[stranger])} at position ${stranger}`;
}

function isObject(item: unknown): item is Record<string, unknown> {
  return typeof item === 'object' && item !== null && !Array.isArray(item);
}
