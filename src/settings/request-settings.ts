import { Type } from 'typebox';

/** What clients may ask for, and how much of it. */
export const requestSettings = {
  maxInputs: Type.Integer({ default: 2048, minimum: 1, description: 'Maximum inputs in a request' }),
  maxRequestTokens: Type.Integer({
    default: 4_194_304,
    minimum: 8,
    description: 'Maximum tokens in a request; the default allows a thousand texts of 4,000 characters in any script',
  }),
  maxBodyBytes: Type.Integer({
    default: 16 * 1024 * 1024,
    minimum: 1024,
    description: 'Maximum bytes of a request body',
  }),
  maxInflightBytes: Type.Integer({
    default: 0,
    minimum: 0,
    description:
      'Maximum bytes of request bodies and responses held at a time; beyond that requests get 429 with `retry-after`; 0: 16 × `MAX_BODY_BYTES`',
  }),
  keyShare: Type.Number({
    default: 0.9,
    exclusiveMinimum: 0,
    maximum: 1,
    description:
      'Share of the queue and of `MAX_INFLIGHT_BYTES` that one API key may use; without keys, share of the bytes that one address may use',
  }),
  truncate: Type.Enum(['auto', 'error', 'end', 'start'], {
    default: 'auto',
    description:
      'What to do with inputs that are too long if a request does not say: refuse them (`error`), or cut off the `end` or `start`; `auto`: refuse them, but cut off the end on the routes of text-embeddings-inference, as it does',
  }),
  dialects: Type.Array(Type.Enum(['tei', 'ollama', 'cohere', 'none']), {
    default: ['tei', 'ollama', 'cohere'],
    uniqueItems: true,
    description:
      'APIs of other services to offer as well: `tei` (text-embeddings-inference), `ollama`, `cohere`; comma-separated; `none`: no others, see docs/dialects.md',
  }),
  playground: Type.Boolean({
    default: true,
    description: 'Show browsers a page at `/` to try the models with, see docs/playground.md',
  }),
  deadlineMs: Type.Integer({
    default: 600_000,
    minimum: 1,
    maximum: 2_147_483_647,
    description: 'Maximum time a request may take; a request can set less with `x-deadline-ms`',
  }),
};
