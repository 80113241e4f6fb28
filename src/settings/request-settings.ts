import { Type } from 'typebox';

/** What clients may ask for, and how much of it. */
export const requestSettings = {
  maxInputs: Type.Integer({ default: 2048, minimum: 1, description: 'Most inputs in a request' }),
  maxRequestTokens: Type.Integer({
    default: 4_194_304,
    minimum: 8,
    description: 'Most tokens in a request: a thousand texts of 4,000 characters in any script',
  }),
  maxBodyBytes: Type.Integer({ default: 16 * 1024 * 1024, minimum: 1024, description: 'Largest request body' }),
  maxInflightBytes: Type.Integer({
    default: 0,
    minimum: 0,
    description:
      'Bytes of request bodies and answers held at a time; beyond that requests get 429 with `retry-after`; 0: 16 × `MAX_BODY_BYTES`',
  }),
  keyShare: Type.Number({
    default: 0.9,
    exclusiveMinimum: 0,
    maximum: 1,
    description:
      'Part of the queue, and of `MAX_INFLIGHT_BYTES`, that one API key may fill; without keys, of the bytes one address',
  }),
  truncate: Type.Union([Type.Literal('auto'), Type.Literal('error'), Type.Literal('end'), Type.Literal('start')], {
    default: 'auto',
    description:
      'What happens to over-long inputs when a request does not say: refuse (`error`), or cut off the `end` or `start`; `auto`: refuse, but on the routes of text-embeddings-inference cut off the end, as that does',
  }),
  dialects: Type.Array(
    Type.Union([Type.Literal('tei'), Type.Literal('ollama'), Type.Literal('cohere'), Type.Literal('none')]),
    {
      default: ['tei', 'ollama', 'cohere'],
      uniqueItems: true,
      description:
        'APIs of other services that are answered too: `tei` (text-embeddings-inference), `ollama`, `cohere`; comma-separated; `none`: only our own, see docs/dialects.md',
    },
  ),
  deadlineMs: Type.Integer({
    default: 600_000,
    minimum: 1,
    maximum: 2_147_483_647,
    description: 'Longest time a request may take; a request can ask for less with `x-deadline-ms`',
  }),
};
