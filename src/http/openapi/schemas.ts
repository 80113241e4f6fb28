import { Type } from 'typebox';
import type { Config } from '../../settings/config.ts';
import { publicErrorCodes } from '../answers/error-table.ts';
import { truncations } from '../body/read-truncation.ts';

// Schemas with a title become components of the OpenAPI document (openapi-options.ts).

export type Limits = Pick<Config, 'maxInputs' | 'maxBodyBytes'>;

/** Strings to choose from, with the options in the OpenAPI document's `enum`. */
export function oneOf<const Values extends readonly string[]>(values: Values, options: Record<string, unknown> = {}) {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: [...values], ...options });
}

export const ErrorFields = Type.Object(
  {
    message: Type.String({ description: 'What was received, what was expected and what to do' }),
    type: Type.String({ description: 'The kind of error, as the OpenAI API names it' }),
    param: Type.Union([Type.String(), Type.Null()], { description: 'The field at fault, e.g. `input[3]`' }),
    code: oneOf(publicErrorCodes, { description: 'Which error it is; listed in the introduction' }),
  },
  { title: 'ErrorFields' },
);

export const ErrorEnvelope = Type.Object(
  { error: ErrorFields },
  { title: 'Error', description: 'Every error has this form' },
);

export const Usage = Type.Object(
  {
    prompt_tokens: Type.Integer({
      description: 'Tokens embedded, including special tokens and prompts, excluding padding',
    }),
    total_tokens: Type.Integer({ description: 'The same number' }),
  },
  { title: 'Usage' },
);

const requestId = {
  'x-request-id': Type.Optional(
    Type.String({ description: 'Up to 64 letters, digits, `.`, `_` and `-`; anything else is replaced by a new id' }),
  ),
};
/** For routes that compute no vectors. */
export const RequestIdHeader = Type.Object(requestId);

/**
 * Headers that requests for vectors may bear. Plain strings: `workContext` checks what they say, and the request id is
 * replaced, not refused, where it is malformed.
 */
export const RequestHeaders = Type.Object({
  ...requestId,
  traceparent: Type.Optional(
    Type.String({
      description: 'W3C Trace Context: the trace that the request is part of; ignored if it is malformed',
    }),
  ),
  tracestate: Type.Optional(Type.String({ description: 'W3C Trace Context: what tracing systems add to it' })),
  'x-deadline-ms': Type.Optional(
    Type.String({ description: 'Milliseconds after which the response is no longer of use: 504 `deadline_exceeded`' }),
  ),
  'x-priority': Type.Optional(
    Type.String({
      description:
        '`interactive`: someone is waiting; `bulk`: others go first. Default: interactive for up to 8 inputs or 256 tokens',
    }),
  ),
  'x-token-ids': Type.Optional(
    Type.String({ description: '`as_is`: as `token_ids` of `/v1/embeddings`, for clients that cannot add a field' }),
  ),
  'x-expect-fingerprint': Type.Optional(
    Type.String({
      description:
        'The fingerprint of the vectors or scores you already have; if the model has another one, 409 `fingerprint_mismatch`',
    }),
  ),
});

/** The members of the request that `/v1/embeddings` and `/v1/similarity` have in common. */
export const commonFields = {
  model: Type.Optional(
    Type.String({
      description:
        'A served name or alias; `NAME-query` and `NAME-document` (or `NAME-passage`) choose the prompt. Default: the served model; with several, one must be named',
    }),
  ),
  instruction: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'The task, in English, for queries: sent to the model as `Instruct: {instruction}\\nQuery:{input}`',
    }),
  ),
  dimensions: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Components of a vector, for Matryoshka models; default: all' }),
  ),
  truncate: Type.Optional(
    oneOf(truncations, {
      description:
        'What to do with inputs that are too long: refuse them, or cut off that side; `NONE`, `END` and `START` are what NIM calls these',
    }),
  ),
  user: Type.Optional(Type.String({ description: 'Accepted and ignored' })),
};

export const roles = ['query', 'document', 'passage'] as const;
