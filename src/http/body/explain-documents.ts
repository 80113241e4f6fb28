import { HotvecError } from '../../errors.ts';
import type { BodySchema } from './keep-described.ts';
import { grouped, kindOf } from './kind-of.ts';

/** What a field for documents takes. */
interface TakenDocuments {
  /** Whether an item may be `{"text": …}`. */
  objects: boolean;
  maxInputs: number;
}

/** Whether a body of this schema has one query, for which the texts of another field are ranked. */
export function isRanking({ properties = {} }: BodySchema): boolean {
  return properties.query !== undefined;
}

/** Reads from a schema what its field for documents takes: dialects differ in it. */
export function takenDocuments({ properties = {} }: BodySchema, field: string): TakenDocuments {
  const { items = {}, maxItems = Number.POSITIVE_INFINITY } = properties[field] ?? {};
  return { objects: (items.anyOf ?? []).some(({ type }) => type === 'object'), maxInputs: maxItems };
}

/** Finds what is wrong with a value that should be an array of strings, or of these and objects with a text. */
export function explainDocuments(value: unknown, field: string, { objects, maxInputs }: TakenDocuments): HotvecError {
  const item = objects ? 'a string, or an object with text' : 'a string';
  if (!Array.isArray(value)) return wrong(field, `is ${kindOf(value)}; expected an array, each item of it ${item}`);
  if (value.length === 0) {
    return new HotvecError('empty_input', `${field} is empty; there is nothing to rank.`, { param: field });
  }
  if (value.length > maxInputs) {
    const count = `Cannot rank ${grouped(value.length)} documents: the limit is ${grouped(maxInputs)} per request.`;
    return new HotvecError('too_many_inputs', count, { param: field });
  }
  const at = value.findIndex((one) => typeof one !== 'string' && !(objects && isDocument(one)));
  const name = `${field}[${at}]`;
  const found: unknown = value[at];
  if (!objects || typeof found !== 'object' || found === null || Array.isArray(found)) {
    return wrong(name, `is ${kindOf(found)}; expected ${item}`);
  }
  const { text } = found as { text?: unknown };
  if (text === undefined) return wrong(`${name}.text`, 'is missing');
  if (typeof text !== 'string') return wrong(`${name}.text`, `is ${kindOf(text)}; expected a string`);
  return new HotvecError(
    'unknown_field',
    `${name} has a field besides text; only text is read. Put what else is to be ranked into it.`,
    { param: name },
  );
}

function isDocument(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false;
  const { text, ...others } = item as { text?: unknown };
  return typeof text === 'string' && Object.keys(others).length === 0;
}

function wrong(name: string, what: string): HotvecError {
  return new HotvecError('invalid_input', `${name} ${what}.`, { param: name });
}
