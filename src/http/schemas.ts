import { type TSchema, Type } from 'typebox';
import type { Config } from '../config.ts';

export type Limits = Pick<Config, 'maxInputs' | 'maxBodyBytes'>;

/** Strings to choose from, with the options in the OpenAPI document's `enum`. */
export function oneOf<const Values extends readonly string[]>(values: Values, options: Record<string, unknown> = {}) {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: [...values], ...options });
}

export const ErrorEnvelope = Type.Object(
  {
    error: Type.Object({
      message: Type.String({ description: 'What was done, what was found, what is wanted' }),
      type: Type.String(),
      param: Type.Union([Type.String(), Type.Null()], { description: 'The field at fault, e.g. `input[3]`' }),
      code: Type.String({ description: 'One of the codes listed in the README' }),
    }),
  },
  { title: 'Error' },
);

export const Usage = Type.Object({
  prompt_tokens: Type.Integer({ description: 'Tokens embedded: special tokens and prompts in, padding out' }),
  total_tokens: Type.Integer(),
});

/** A success, and the errors that every working route can answer. */
export function responses(success: TSchema, description: string) {
  const errors: Record<string, string> = {
    400: 'The request is wrong; nothing was computed',
    401: 'No API key, or an unknown one',
    404: 'The model is not served here',
    409: 'The vectors would not be comparable with those expected',
    413: 'The body is too large',
    415: 'The body is not JSON',
    429: 'Too much work is waiting; see `retry-after`',
    500: 'The request could not be computed',
    503: 'Not ready, restarting or shutting down; see `retry-after`',
    504: 'The deadline passed',
  };
  return {
    200: { description, content: { 'application/json': { schema: success } } },
    ...Object.fromEntries(
      Object.entries(errors).map(([status, meaning]) => [
        status,
        { description: meaning, content: { 'application/json': { schema: ErrorEnvelope } } },
      ]),
    ),
  };
}

/** The members of the request that `/v1/embeddings` and `/v1/similarity` have in common. */
export const commonFields = {
  model: Type.Optional(
    Type.String({
      description:
        'A served name or alias; `NAME-query` and `NAME-document` choose the prompt. Left out: the served model',
    }),
  ),
  instruction: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'The task, in English, for queries: sent to the model as `Instruct: {instruction}\\nQuery:{input}`',
    }),
  ),
  dimensions: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Components of a vector, for Matryoshka models; left out: all' }),
  ),
  truncate: Type.Optional(
    oneOf(['error', 'end', 'start'], {
      description: 'What to do with inputs that are too long: refuse, or cut off that side',
    }),
  ),
  user: Type.Optional(Type.String({ description: 'Accepted and ignored' })),
};

export const roles = ['query', 'document', 'passage'] as const;
