import { type ErrorCode, HotvecError, invalidInput } from '../../errors.ts';
import type { Limits } from '../openapi/schemas.ts';
import { explainComparedItems } from './explain-compared-items.ts';
import { explainDocuments, isRanking, takenDocuments } from './explain-documents.ts';
import { explainInputs } from './explain-inputs.ts';
import type { BodySchema } from './keep-described.ts';
import { isObject, kindOf } from './kind-of.ts';
import { takenInputs } from './taken-inputs.ts';

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
/** Better wording than Ajv's. */
const WANTED: Record<string, string> = {
  minLength: 'must not be empty',
  minItems: 'must not be empty',
  uniqueItems: 'must not have the same item twice',
};
/** The types of JSON schemas, in words. */
const EXPECTED: Record<string, string> = {
  string: 'a string',
  boolean: 'a boolean',
  integer: 'an integer',
  number: 'a number',
  array: 'an array',
  object: 'an object',
};
/** Fields that hold texts or token ids, in any route and dialect: of them the validation says no more than "none of the shapes". */
const INPUT_FIELDS = new Set([
  'input',
  'queries',
  'documents',
  'inputs',
  'ids',
  'source_sentence',
  'sentences',
  'prompt',
  'texts',
]);
/** Fields whose items are texts or vectors. */
const COMPARED = new Set(['queries', 'documents']);
/** Fields whose items are ranked for a query. */
const RANKED = new Set(['documents', 'texts']);
const HARMLESS_NAME = /^[\w.-]{1,64}$/;

/**
 * Turns a failed validation into the error a person can act on. Ajv says of an `input` only that it matches none of
 * four shapes; which item is wrong, and how, is found here, and only if something is.
 *
 * @param schema what the body was validated with.
 */
export function explainInvalidBody(
  errors: readonly SchemaError[],
  body: unknown,
  limits: Limits,
  schema: object,
): HotvecError {
  if (!isObject(body)) {
    return new HotvecError('invalid_input', `The request body is ${kindOf(body)}; expected a JSON object.`);
  }
  const item = wrongItem(errors, body, schema);
  if (item === undefined) return explainFields(errors, body, '', limits, schema);
  return explainFields(item.errors, item.value, `${item.name}.`, limits, item.schema);
}

/** An object whose fields are at fault, in an array of such objects. */
interface WrongItem {
  name: string;
  value: object;
  /** Of it alone, as if it were a body. */
  errors: SchemaError[];
  schema: object;
}

/** Finds it where the first error is in one: the second of `instances` of `/vertex`, for instance. */
function wrongItem(errors: readonly SchemaError[], body: object, schema: object): WrongItem | undefined {
  const [, field = '', index = ''] = errors[0]?.instancePath.split('/') ?? [];
  const { properties } = schema as { properties?: Record<string, { items?: { type?: string } }> };
  const ofItems = properties?.[field]?.items;
  const value = (body as Record<string, unknown[]>)[field]?.[Number(index)];
  if (index === '' || ofItems?.type !== 'object' || !isObject(value)) return undefined;
  const pointer = `/${field}/${index}`;
  const ofIt = errors.filter(({ instancePath: path }) => path === pointer || path.startsWith(`${pointer}/`));
  return {
    name: `${field}[${index}]`,
    value,
    errors: ofIt.map((error) => ({ ...error, instancePath: error.instancePath.slice(pointer.length) })),
    schema: ofItems,
  };
}

/** @param prefix what stands before the names of fields: `instances[1].` */
function explainFields(
  errors: readonly SchemaError[],
  body: object,
  prefix: string,
  limits: Limits,
  schema: object,
): HotvecError {
  const unknown = errors.find((error) => error.keyword === 'additionalProperties');
  const unknownIn = unknown && fieldOf(unknown.instancePath);
  if (unknown !== undefined && unknownIn?.isWhole === true) {
    const name = prefix + [...unknownIn.keys, String(unknown.params.additionalProperty)].join('.');
    // A name made up by the client may contain anything; only a plain one is repeated.
    const param = HARMLESS_NAME.test(name) ? name : 'body';
    const what = param === 'body' ? 'The request body has an unknown field' : `Unknown field ${param}`;
    return new HotvecError('unknown_field', `${what}; /docs lists the fields.`, { param });
  }
  const missing = errors.find((error) => error.keyword === 'required');
  const missingIn = missing && fieldOf(missing.instancePath);
  if (missing !== undefined && missingIn?.isWhole === true) {
    const name = prefix + [...missingIn.keys, String(missing.params.missingProperty)].join('.');
    return invalidInput(`${name} is missing.`, name);
  }
  const { keys } = fieldOf(errors[0]?.instancePath ?? '');
  const field = keys.join('.');
  const value = keys.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], body);
  if (RANKED.has(field) && isRanking(schema)) return explainDocuments(value, field, takenDocuments(schema, field));
  if (COMPARED.has(field)) return explainComparedItems(value, field, limits);
  const [first] = errors;
  const wantsObject = first?.keyword === 'type' && first.params.type === 'object';
  if (INPUT_FIELDS.has(keys.at(-1) ?? '') && !wantsObject) {
    return explainInputs(value, prefix + field, takenInputs(schema, keys));
  }
  const [item] = (first?.instancePath ?? '').split('/').slice(keys.length + 1);
  const isItem = item !== undefined && Array.isArray(value);
  const full = prefix + (isItem ? `${field}[${item}]` : field);
  // Fields of `metadata` have names of the client's.
  const name = isItem || HARMLESS_NAME.test(field) ? full : prefix + (keys[0] ?? '');
  const enumError = errors.find((error) => error.keyword === 'enum');
  const { enum: allowed } = (schema as BodySchema).properties?.[field] ?? {};
  const what = complaintOf(isItem ? value[Number(item)] : value, enumError ?? first, allowed);
  return new HotvecError(CODE_OF_FIELD[field] ?? 'invalid_input', `${name} ${what}.`, { param: name });
}

/**
 * What is said of a field behind its name.
 * @param allowed its values, if they are counted.
 */
function complaintOf(value: unknown, error: SchemaError | undefined, allowed: unknown[] = []): string {
  const { keyword = '', params = {}, message = 'must be another value' } = error ?? {};
  const found = foundOf(value);
  const expected = keyword === 'type' && EXPECTED[String(params.type)];
  if (expected && allowed.length > 1) return `is ${found}; it must be one of ${allowed.join(', ')}`;
  if (expected) return `is ${found}; expected ${expected}`;
  if (keyword !== 'enum') return `is ${found}; it ${WANTED[keyword] ?? message}`;
  const [only, ...others] = params.allowedValues as string[];
  if (others.length > 0) return `is ${found}; it must be one of ${[only, ...others].join(', ')}`;
  // That a text is a text explains nothing.
  return typeof value === 'number' ? `is ${found}; it must be ${only}` : `must be ${only}`;
}

/** The field that a JSON pointer leads to, `/inputs/sentences/3`: its name and those of the objects around it. */
function fieldOf(pointer: string): { keys: string[]; isWhole: boolean } {
  const steps = pointer.split('/').slice(1);
  const item = steps.findIndex((step) => /^\d+$/.test(step));
  return { keys: item < 0 ? steps : steps.slice(0, item), isWhole: item < 0 };
}

/** @throws {HotvecError} for a string that is not valid Unicode: no UTF-8 exists for a lone surrogate. */
export function checkUnicode(value: unknown, field: string): void {
  if (typeof value !== 'string' || value.isWellFormed()) return;
  throw invalidInput(`${field} is not valid Unicode: it contains half of a surrogate pair.`, field);
}

/** A number is quoted as it is: unlike a text, it is not a secret. */
function foundOf(value: unknown): string {
  if (value === '') return 'an empty string';
  if (Array.isArray(value) && value.length === 0) return 'an empty array';
  return typeof value === 'number' ? String(value) : kindOf(value);
}
