import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { fixtures } from '../../support/starter.ts';

interface PublishedApi {
  components: { schemas: Record<string, { properties?: Record<string, object>; 'x-oaiMeta'?: { example?: string } }> };
}

/** What a service publishes about itself: see test/fixtures/published-apis/README.md. */
export function publishedApi(service: 'tei' | 'ollama' | 'openai-batches') {
  const file = path.join(fixtures, 'published-apis', `${service}.json`);
  const api: PublishedApi = JSON.parse(readFileSync(file, 'utf8'));
  // Not strict: these are OpenAPI documents, with words of their own beside JSON Schema's.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(api, 'api');
  return {
    /** @returns what is wrong with a value by the schema of that name, or null. */
    check(schema: string, value: unknown): string | null {
      const validate = ajv.compile({ $ref: `api#/components/schemas/${schema}` });
      return validate(value) ? null : ajv.errorsText(validate.errors);
    },
    /** What it shows of that schema. */
    exampleOf: (schema: string): string => api.components.schemas[schema]?.['x-oaiMeta']?.example ?? '',
    /** Fields of that schema. */
    fieldsOf: (schema: string): string[] => Object.keys(api.components.schemas[schema]?.properties ?? {}),
  };
}
