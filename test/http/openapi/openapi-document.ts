import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { packageRoot } from '../../../src/package-info.ts';

export const openapiFile = path.join(packageRoot, 'openapi.yaml');

interface Described {
  description: string;
  headers?: Record<string, { schema: object; description: string }>;
  content: Record<
    string,
    { schema: object; example?: unknown; examples?: Record<string, { summary: string; value: unknown }> }
  >;
}

export interface Operation {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: { in: string; name: string; required: boolean; schema: object; description: string }[];
  requestBody?: Pick<Described, 'content'>;
  responses: Record<string, { $ref?: string } & Described>;
}

export interface OpenapiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  security: Record<string, string[]>[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; responses: Record<string, Described>; securitySchemes: object };
}

/** The committed document. */
export const openapi: OpenapiDocument = parse(readFileSync(openapiFile, 'utf8'));

export const operations = Object.entries(openapi.paths).flatMap(([route, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ route, method, operation })),
);

export function operationById(id: string): { route: string; method: string; operation: Operation } {
  const found = operations.find(({ operation }) => operation.operationId === id);
  if (found === undefined) throw new Error(`no operation ${id}`);
  return found;
}

/** What `#/a/b~1c` points at. */
export function resolveReference(reference: string): unknown {
  const steps = reference.slice(2).split('/');
  return steps.reduce<unknown>(
    (node, step) => (node as Record<string, unknown>)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')],
    openapi,
  );
}

/** Names of every header that an answer may have. */
export const documentedHeaders = new Set(
  [
    ...operations.flatMap(({ operation }) => Object.values(operation.responses)),
    ...Object.values(openapi.components.responses),
  ].flatMap(({ headers = {} }) => Object.keys(headers)),
);

/** The examples of a body, by name; a single one has none. */
export function examplesOf({ content }: Pick<Described, 'content'>): Map<string, unknown> {
  const { example, examples = {} } = content['application/json'] ?? {};
  const named = Object.entries(examples).map(([name, { value }]): [string, unknown] => [name, value]);
  return new Map(example === undefined ? named : [['', example], ...named]);
}

export function responseOf(operation: Operation, status: number): Described {
  const response = operation.responses[status];
  if (response === undefined) throw new Error(`${operation.operationId} has no answer ${status} in openapi.yaml`);
  return response.$ref === undefined ? response : (resolveReference(response.$ref) as Described);
}

const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true });
addFormats.default(ajv);
ajv.addKeyword('components');
ajv.addSchema({ components: { schemas: closeObjects(openapi.components.schemas) } }, 'openapi');

/** Those made so far, by the text of their schemas: many answers have the same. */
const validators = new Map<string, ValidateFunction>();

/** @returns what is wrong with a value by a schema of the document, in which nothing may be that is not described; or null. */
export function validatorOf(schema: object): (value: unknown) => string | null {
  const key = JSON.stringify(schema);
  const validate = validators.get(key) ?? ajv.compile(absolute(closeObjects(schema)) as object);
  validators.set(key, validate);
  return (value) => (validate(value) ? null : ajv.errorsText(validate.errors));
}

/** Objects of the document are open, so that clients bear new fields; here an undocumented field is a defect. */
function closeObjects(node: unknown): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map(closeObjects);
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closeObjects(value)]));
  return copy.type === 'object' && 'properties' in copy ? { additionalProperties: false, ...copy } : copy;
}

function absolute(node: unknown): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map(absolute);
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, key === '$ref' ? `openapi${value}` : absolute(value)]),
  );
}
