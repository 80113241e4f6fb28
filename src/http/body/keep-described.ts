/** What of a JSON schema says which values it describes. */
export interface BodySchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: BodySchema[];
  items?: BodySchema;
  maxItems?: number;
  properties?: Record<string, BodySchema>;
  /** A schema: fields of any name, with such values. */
  additionalProperties?: boolean | BodySchema;
}

/**
 * Of a valid value, what its schema describes: fields that are ignored may hold anything, and are not copied, walked or
 * sent between threads. It goes by the schema, however deep or wide the value is.
 *
 * Of a field of which the schema says only that it may be there, `true` is kept; of an object without named fields, an
 * empty one.
 */
export function keepDescribed(value: unknown, schema: BodySchema): unknown {
  if (describesAll(schema)) return value;
  if (schema.anyOf !== undefined) {
    const fitting = schema.anyOf.find(({ type }) => type === typeOf(value));
    // The others are scalars.
    return fitting === undefined ? value : keepDescribed(value, fitting);
  }
  if (schema.type === 'array') {
    const { items = {} } = schema;
    return (value as unknown[]).map((item) => keepDescribed(item, items));
  }
  if (schema.type !== 'object') return true;
  const kept: [string, unknown][] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (!Object.hasOwn(value as object, name)) continue;
    kept.push([name, keepDescribed((value as Record<string, unknown>)[name], field)]);
  }
  return Object.fromEntries(kept);
}

/** Whether valid values hold nothing but what the schema describes. */
function describesAll(schema: BodySchema): boolean {
  const { type, anyOf, items, properties = {}, additionalProperties } = schema;
  if (anyOf !== undefined) return anyOf.every(describesAll);
  if (type === 'array') return items !== undefined && describesAll(items);
  if (type === 'object') {
    const others =
      typeof additionalProperties === 'object' ? describesAll(additionalProperties) : !(additionalProperties ?? true);
    return others && Object.values(properties).every(describesAll);
  }
  return type !== undefined || schema.enum !== undefined || schema.const !== undefined;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
