import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import { packageVersion } from '../../package-info.ts';
import { errorTable, publicErrorCodes } from '../answers/error-table.ts';
import { documentForms } from './document-forms.ts';

const errorRows = publicErrorCodes.map((code) => {
  const { status, type, when } = errorTable[code];
  return `| ${status} | \`${code}\` | \`${type}\` | ${when} |`;
});

const introduction = `Text embeddings and reranking over an OpenAI-compatible API. Any OpenAI client works by changing its base URL.

Optional fields may be omitted or \`null\`, which means the same. An unknown field is an error.

## Errors

Every error is a JSON object in this form; \`param\` names the field at fault, or is null:

\`\`\`json
{"error": {"message": "input[3] is empty; there is nothing to embed.", "type": "invalid_request_error", "param": "input[3]", "code": "empty_input"}}
\`\`\`

| status | code | type | when |
|---|---|---|---|
${errorRows.join('\n')}

429 and 503 say in \`retry-after\` (seconds) and \`retry-after-ms\` when to try again. \`x-should-retry: false\` says that
repeating the request cannot help. A request that is not valid HTTP gets 400, one whose headers are too large
431, and one that is not received in time 408, all with the code \`invalid_input\`.`;

/** Relative to the document: a proxy may have put the server below a path of its own. */
const BESIDE_THE_DOCUMENT = '.';

/**
 * How the OpenAPI document is made of the routes' schemas.
 * @param basePath `BASE_PATH`.
 */
export const openapiOptions = (basePath: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'hotvec',
      version: packageVersion,
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'Required if the operator has configured API keys' },
      },
    },
    // The second, empty alternative: a server without configured keys asks for none.
    security: [{ apiKey: [] }, {}],
    tags: [
      { name: 'embeddings', description: 'Vectors, and scores computed from them' },
      { name: 'reranking', description: 'Scores of documents for a query' },
      { name: 'batches', description: 'Many requests in the background; off without `BATCH_DIR`' },
      { name: 'models', description: 'What is served, and its limits' },
      { name: 'text-embeddings-inference', description: 'For clients of that server; turned off by `DIALECTS`' },
      { name: 'ollama', description: 'For clients of Ollama; turned off by `DIALECTS`' },
      { name: 'cohere', description: 'For clients of Cohere; turned off by `DIALECTS`' },
      { name: 'health', description: 'For orchestrators; no API key is required' },
      { name: 'operations', description: 'For operators' },
    ],
  },
  transform: ({ schema, url, route }) => ({
    schema: schema?.hide === true ? schema : documentForms(schema ?? {}, route.config?.otherForms ?? []),
    url,
  }),
  transformObject: (document) =>
    'openapiObject' in document
      ? // Not above: the plugin takes addresses only.
        nameParts({ ...document.openapiObject, servers: [{ url: basePath || BESIDE_THE_DOCUMENT }] })
      : document.swaggerObject,
});

/**
 * Moves what is said in many places to the document's components, leaving a `$ref`: every schema that has a title,
 * which also names the types that clients generate, and the error responses, alike wherever a status is answered.
 */
function nameParts<Document extends object>(document: Document): Document {
  const { paths, components, ...head } = document as {
    paths?: Record<string, Record<string, { responses: Record<string, object> }>>;
    components?: object;
  };
  const schemas: Record<string, object> = {};
  const responses: Record<string, object> = {};
  const named = nameTitledSchemas(paths ?? {}, schemas) as NonNullable<typeof paths>;
  for (const operation of Object.values(named).flatMap((path) => Object.values(path))) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (status.startsWith('2')) continue;
      const name = `${schemaNameOf(response)}${status}`;
      setOnce(responses, name, response);
      operation.responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  return {
    ...head,
    paths: named,
    components: { ...components, responses: sortByKey(responses), schemas: sortByKey(schemas) },
  } as unknown as Document;
}

/** The form of an error answer: that of the OpenAI API, `Error`, or of a dialect, or one of both. */
function schemaNameOf(response: object): string {
  const { content } = response as {
    content: Record<string, { schema: { $ref?: string; anyOf?: { $ref: string }[] } }>;
  };
  const { $ref = '', anyOf = [{ $ref }] } = content['application/json']?.schema ?? {};
  return anyOf.map((one) => one.$ref.split('/').at(-1)).join('Or');
}

function nameTitledSchemas(node: unknown, schemas: Record<string, object>): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map((item) => nameTitledSchemas(item, schemas));
  const entries = Object.entries(node).map(([key, value]) => [
    key,
    key === 'example' || key === 'examples' ? value : nameTitledSchemas(value, schemas),
  ]);
  const { title, ...schema } = Object.fromEntries(entries);
  if (typeof title !== 'string') return Object.fromEntries(entries);
  setOnce(schemas, title, schema);
  return { $ref: `#/components/schemas/${title}` };
}

/** Two different things of one name would make the document wrong, silently. */
function setOnce(components: Record<string, object>, name: string, component: object): void {
  const known = components[name];
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(component)) {
    throw new Error(`two components of the API's description are called ${name}`);
  }
  components[name] = component;
}

function sortByKey(object: Record<string, object>): Record<string, object> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
