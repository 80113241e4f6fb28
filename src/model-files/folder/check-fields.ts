import { StartError } from '../../errors.ts';
import type { Json } from './read-json.ts';

/**
 * How hotvec treats a field of a model's JSON file.
 *
 * - `applied`: what it says is done; the code that reads it checks its value.
 * - `noEffect`: it does not change the vector of any text; says why.
 * - `only`: the values for which hotvec computes what sentence-transformers computes. The field may be absent.
 */
export type FieldRule = 'applied' | { noEffect: string } | { only: readonly unknown[] };
export type FieldRules = Readonly<Record<string, FieldRule>>;

/** Names that people use for comments in JSON. */
const COMMENTS = /^(_?comments?|\/\/.*|\$schema|_?description)$/;

/**
 * Checks that everything a JSON file says is either applied or has no effect: an unknown field may change the vectors,
 * and a wrong vector is worse than not starting.
 *
 * @param file its path relative to the model folder, and where `json` is in it, for messages.
 * @throws {StartError} naming the first field that is unknown, or has a value that is not implemented.
 */
export function checkFields(file: string, json: Json, rules: FieldRules): void {
  for (const [field, value] of Object.entries(json)) {
    const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
    if (rule === 'applied' || COMMENTS.test(field) || (rule !== undefined && 'noEffect' in rule)) continue;
    if (rule === undefined) {
      throw refuseField(file, field, value, 'no such field, which may change the vectors');
    }
    if (!rule.only.some((one) => JSON.stringify(one) === written(value))) {
      throw refuseField(file, field, value, rule.only.map((one) => JSON.stringify(one)).join(' or '));
    }
  }
}

/** @param wanted what is allowed instead, to follow "hotvec supports". */
export function refuseField(file: string, field: string, found: unknown, wanted: string): StartError {
  const text = written(found) ?? 'missing';
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return new StartError(`${file}: ${field} is ${shown}; hotvec supports ${wanted}.`);
}

/** As JSON; a file of a repository may nest deeper than JSON.stringify can go. */
function written(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return 'nested too deeply';
  }
}

/** An object inside a JSON file; {} where it is absent or null. */
export function objectField(file: string, json: Json, field: string): Json {
  const value = json[field] ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Json;
  throw refuseField(file, field, value, 'only an object');
}
