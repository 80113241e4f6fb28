import { Ajv } from 'ajv';
import type { Limits } from '../openapi/schemas.ts';
import { checkUnicode, explainInvalidBody, type SchemaError } from './explain-invalid-body.ts';
import { type BodySchema, keepDescribed } from './keep-described.ts';
import { parseBody } from './parse-body.ts';

/** What routes accept: JSON schemas of bodies, by name. Plain data: it goes to worker threads. */
export interface BodyRules {
  schemas: Record<string, object>;
  /** Of a route that takes bodies of several forms: their schemas and marks, by the name of the first one's schema. */
  forms: Record<string, readonly { schema: string; mark?: string | undefined }[]>;
  limits: Limits;
}

/** Parses and validates request bodies. One and the same on the event loop and in worker threads. */
export class BodyReader {
  private readonly rules: BodyRules;
  // Ajv's defaults at Fastify turn [1, 2, null, true] into strings and answer 200.
  private readonly ajv = new Ajv({ coerceTypes: false, removeAdditional: false, useDefaults: false, allErrors: false });

  constructor(rules: BodyRules) {
    this.rules = rules;
    // Examples for the API's description.
    this.ajv.addKeyword('x-examples');
  }

  /**
   * @param bytes undefined: the request has no body.
   * @param name of the rules' schema that holds for it; undefined: any JSON is valid, and nothing of it is kept.
   * @param onForm told the name of the schema that does hold, where there are several, before anything is found wrong by it.
   * @returns what the schema describes of it.
   * @throws {HotvecError} what `parseBody` and `explainInvalidBody` say.
   */
  read(bytes: Uint8Array | undefined, name: string | undefined, onForm: (form: string) => void = () => {}): unknown {
    const value = bytes === undefined ? undefined : parseBody(bytes);
    if (name === undefined) return undefined;
    const schema = this.formOf(value, name);
    onForm(schema);
    const validate = this.validatorOf(schema);
    if (validate(value) !== true) {
      const errors = (validate.errors ?? []) as SchemaError[];
      throw explainInvalidBody(errors, value, this.rules.limits, this.rules.schemas[schema] ?? {});
    }
    checkUnicode((value as Record<string, unknown>).instruction, 'instruction');
    return keepDescribed(value, this.rules.schemas[schema] as BodySchema);
  }

  /** Makes the validators, which otherwise the first body waits for. */
  compile(): void {
    for (const schema of Object.keys(this.rules.schemas)) this.validatorOf(schema);
  }

  /** Of several forms the one whose mark the value has, or else most of its fields; of two with as many the first. */
  private formOf(value: unknown, name: string): string {
    const forms = this.rules.forms[name];
    if (forms === undefined || typeof value !== 'object' || value === null) return name;
    const marked = forms.find(({ mark }) => mark !== undefined && Object.hasOwn(value, mark));
    if (marked !== undefined) return marked.schema;
    const known = (schema: string) => {
      const { properties = {} } = this.rules.schemas[schema] as BodySchema;
      return Object.keys(properties).filter((field) => Object.hasOwn(value, field)).length;
    };
    return forms.map(({ schema }) => schema).reduce((best, form) => (known(form) > known(best) ? form : best));
  }

  private validatorOf(name: string) {
    const known = this.ajv.getSchema(name);
    if (known !== undefined) return known;
    const schema = this.rules.schemas[name];
    if (schema === undefined) throw new Error(`there is no schema ${name}`);
    return this.ajv.addSchema(schema, name).getSchema(name) as NonNullable<typeof known>;
  }
}
