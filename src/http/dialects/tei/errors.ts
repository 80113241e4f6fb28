import { Type } from 'typebox';
import type { ErrorCode } from '../../../errors.ts';
import type { ErrorFormat } from '../../answers/error-format.ts';
import { errorTable } from '../../answers/error-table.ts';
import { oneOf } from '../../openapi/schemas.ts';

const errorTypes = ['Unhealthy', 'Backend', 'Overloaded', 'Validation', 'Tokenizer', 'Empty'] as const;

/**
 * Where text-embeddings-inference 1.9.3 has another status than hotvec: `impl From<&ErrorType> for StatusCode` of its
 * router. What it calls `Validation`, over-long inputs and too many of them too, was 413 until 1.8.
 */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  invalid_input: 422,
  unknown_field: 422,
  invalid_dimensions: 422,
  invalid_token_id: 422,
  input_too_long: 422,
  too_many_inputs: 422,
  too_many_tokens: 422,
  // Of a route that there is: what computes cannot do that.
  not_found: 424,
  non_finite_output: 424,
  inference_failed: 424,
};

/** Its clients know six types of errors; what is none of the others is `Validation`. */
const TYPES: Partial<Record<ErrorCode, (typeof errorTypes)[number]>> = {
  empty_input: 'Empty',
  invalid_token_id: 'Tokenizer',
  not_found: 'Backend',
  overloaded: 'Overloaded',
  key_share_exceeded: 'Overloaded',
  non_finite_output: 'Backend',
  inference_failed: 'Backend',
  internal_error: 'Backend',
  deadline_exceeded: 'Backend',
  not_ready: 'Unhealthy',
  draining: 'Unhealthy',
  engine_restarting: 'Unhealthy',
};

/** `{"error", "error_type"}`, as text-embeddings-inference writes errors. */
export const teiErrors: ErrorFormat = {
  schema: Type.Object(
    {
      error: Type.String({ description: 'What was received, what was expected and what to do' }),
      error_type: oneOf(errorTypes, { description: 'The kind of error' }),
    },
    { title: 'TeiError' },
  ),
  tellsCode: false,
  statusOf: (code) => STATUSES[code] ?? errorTable[code].status,
  bodyOf: ({ message, code }) => ({ error: message, error_type: TYPES[code] ?? 'Validation' }),
};

/** Error statuses of a route that computes. */
export const TEI_WORK_ERRORS = [400, 401, 408, 409, 413, 415, 422, 424, 429, 500, 503, 504] as const;
