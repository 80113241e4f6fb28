import { type ErrorCode, HotvecError } from '../errors.ts';
import type { Limits } from './schemas.ts';

/** What of Ajv's error objects is used. */
export interface SchemaError {
  keyword: string;
  /** JSON pointer: `/input/3`. */
  instancePath: string;
  params: Record<string, unknown>;
  message?: string | undefined;
}

const CODE_OF_FIELD: Record<string, ErrorCode> = {
  dimensions: 'invalid_dimensions',
  encoding_format: 'invalid_encoding_format',
};
const HARMLESS_NAME = /^[\w.-]{1,64}$/;

/**
 * Turns a failed validation into the error a person can act on. Ajv says of an `input` only that it matches none of
 * four shapes; which item is wrong, and how, is found here, and only when something is.
 *
 * @param inputFields fields that hold texts or token ids, where the validation says no more than "none of the shapes".
 */
export function explainInvalidBody(
  errors: readonly SchemaError[],
  body: unknown,
  limits: Limits,
  inputFields: readonly string[],
): HotvecError {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return new HotvecError('invalid_input', `The request body is ${kindOf(body)}; wanted is a JSON object.`);
  }
  const fields = body as Record<string, unknown>;
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  if (unknown !== undefined && unknown.instancePath === '') {
    const name = String(unknown.params.additionalProperty);
    // A name the client made up may hold anything; only a plain one is repeated.
    const param = HARMLESS_NAME.test(name) ? name : 'body';
    return new HotvecError(
      'unknown_field',
      `There is no field ${param === 'body' ? 'of that name' : param}; /docs lists them.`,
      {
        param,
      },
    );
  }
  const missing = errors.find((error) => error.keyword === 'required' && error.instancePath === '');
  if (missing !== undefined) {
    const name = String(missing.params.missingProperty);
    return new HotvecError('invalid_input', `${name} is missing.`, { param: name });
  }
  const field = errors[0]?.instancePath.split('/')[1] ?? '';
  if (inputFields.includes(field)) return explainInputs(fields[field], field, limits);
  const enumError = errors.find((error) => error.keyword === 'enum');
  const wanted =
    enumError === undefined
      ? (errors[0]?.message ?? 'another value')
      : `must be one of ${(enumError.params.allowedValues as string[]).join(', ')}`;
  return new HotvecError(
    CODE_OF_FIELD[field] ?? 'invalid_input',
    `${field} is ${foundOf(fields[field])}; it ${wanted}.`,
    {
      param: field,
    },
  );
}

/** @throws {HotvecError} for a text that is not valid Unicode: no UTF-8 exists for a lone surrogate. */
export function checkUnicode(value: unknown, field: string): void {
  if (typeof value !== 'string' || value.isWellFormed()) return;
  throw new HotvecError('invalid_input', `${field} is not valid Unicode: it holds half of a surrogate pair.`, {
    param: field,
  });
}

/** Finds what is wrong with a value that should be a text, texts, token ids or lists of token ids. */
function explainInputs(value: unknown, field: string, limits: Limits): HotvecError {
  if (value === '') return empty(field);
  if (!Array.isArray(value)) {
    return new HotvecError('invalid_input', `${field} is ${kindOf(value)}; wanted is a text, texts, or token ids.`, {
      param: field,
    });
  }
  if (value.length === 0) return empty(field);
  // A list of numbers is one input, whatever its length.
  if (value.length > limits.maxInputs && typeof value[0] !== 'number') {
    return new HotvecError(
      'too_many_inputs',
      `Cannot embed ${grouped(value.length)} inputs: the limit is ${grouped(limits.maxInputs)} per request.`,
      { param: field },
    );
  }
  const [first] = value;
  for (const [i, item] of value.entries()) {
    const name = `${field}[${i}]`;
    if (item === '' || (Array.isArray(item) && item.length === 0)) return empty(name);
    if (kindOf(item) !== kindOf(first)) {
      return new HotvecError(
        'invalid_input',
        `${name} is ${kindOf(item)} and ${field}[0] is ${kindOf(first)}; wanted is one kind.`,
        {
          param: name,
        },
      );
    }
    if (typeof item === 'number' && !isTokenId(item)) return badTokenId(name);
    if (Array.isArray(item)) {
      const wrong = item.findIndex((id) => !isTokenId(id));
      if (wrong >= 0) return badTokenId(`${name}[${wrong}]`);
    } else if (typeof item !== 'string' && typeof item !== 'number') {
      return new HotvecError('invalid_input', `${name} is ${kindOf(item)}; wanted is a text or token ids.`, {
        param: name,
      });
    }
  }
  return new HotvecError('invalid_input', `${field} is not a text, texts, or token ids.`, { param: field });
}

function isTokenId(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function badTokenId(name: string): HotvecError {
  return new HotvecError('invalid_token_id', `${name} is not a token id: wanted is a whole number, 0 or more.`, {
    param: name,
  });
}

function empty(name: string): HotvecError {
  return new HotvecError('empty_input', `${name} is empty; there is nothing to embed.`, { param: name });
}

/** A number is told as it is: unlike a text, it is nobody's secret. */
function foundOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : kindOf(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  // What JSON.parse makes of 1e999.
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return 'too large a number';
  return (
    { string: 'a text', number: 'a number', boolean: 'a boolean', object: 'an object' }[typeof value as string] ??
    'something else'
  );
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
