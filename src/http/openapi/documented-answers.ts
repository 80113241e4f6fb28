import type { TSchema } from 'typebox';
import type { ErrorCode } from '../../errors.ts';
import { type ErrorFormat, openaiErrors } from '../answers/error-format.ts';
import { errorTable, publicErrorCodes } from '../answers/error-table.ts';
import type { NamedExamples } from './documented-examples.ts';
import { errorExamplesOf } from './error-examples.ts';

interface DocumentedHeader {
  type: 'string' | 'integer';
  description: string;
}

const requestId: Record<string, DocumentedHeader> = {
  'x-request-id': {
    type: 'string',
    description: "The request's id, as sent or newly generated; it appears in the logs",
  },
};

/** What `reportWork` sends with vectors and scores. */
export const workHeaders: Record<string, DocumentedHeader> = {
  'server-timing': {
    type: 'string',
    description: 'Milliseconds of each stage: `tokenize;dur=…, queue;dur=…, infer;dur=…, encode;dur=…`',
  },
  'x-embedding-fingerprint': {
    type: 'string',
    description: 'Identifies the vector space: only vectors with the same fingerprint can be compared',
  },
  'x-failed-inputs': {
    type: 'integer',
    description: 'Number of inputs that have an error instead of a vector; omitted if none has',
  },
  'x-truncated-inputs': { type: 'integer', description: 'Number of inputs that were truncated; omitted if none was' },
  'x-cache': {
    type: 'string',
    description:
      'Inputs found in the vector cache, and inputs computed: `hits=…, misses=…`; only if the operator has turned the cache on',
  },
  'openai-processing-ms': { type: 'string', description: 'Milliseconds from the headers to the response' },
  'openai-version': { type: 'string', description: 'The version of the OpenAI API that is implemented' },
};

/** What `/v1/tokenize` sends. */
export const tokenizeHeaders: Record<string, DocumentedHeader> = {
  'server-timing': { type: 'string', description: 'Milliseconds of the only stage: `tokenize;dur=…`' },
  'x-truncated-inputs': workHeaders['x-truncated-inputs'] as DocumentedHeader,
};

const retryAfter: Record<string, DocumentedHeader> = {
  'retry-after': { type: 'integer', description: 'Seconds after which a retry may succeed' },
  'retry-after-ms': { type: 'integer', description: 'The same in milliseconds' },
};
const noRetry: Record<string, DocumentedHeader> = {
  'x-should-retry': { type: 'string', description: '`false` if retrying the request cannot help' },
};
const closing: Record<string, DocumentedHeader> = {
  connection: { type: 'string', description: '`close`: the connection cannot be used again' },
};
const challenge: Record<string, DocumentedHeader> = {
  'www-authenticate': {
    type: 'string',
    description: '`Bearer`: send an API key; with `error="invalid_token"` if an unknown one was sent',
  },
};
const headersOfError: Record<number, Record<string, DocumentedHeader>> = {
  401: { ...challenge, ...closing },
  403: closing,
  408: closing,
  413: closing,
  415: closing,
  429: retryAfter,
  503: retryAfter,
  507: closing,
};

/** Error statuses of a route that computes vectors. */
export const WORK_ERRORS = [400, 401, 404, 408, 409, 413, 415, 429, 500, 503, 504] as const;

/** No route of a dialect has these. */
const OF_BATCHES: readonly ErrorCode[] = [
  'file_not_found',
  'batch_not_found',
  'state_conflict',
  'insufficient_storage',
];

/** Every route can be asked under a wrong name. */
const ANYWHERE = [403] as const;

export interface DocumentedSuccess {
  description: string;
  schema: TSchema;
  mediaType?: string;
  headers?: Record<string, DocumentedHeader>;
  example?: unknown;
  examples?: NamedExamples;
}

/**
 * A route's `response` schema: its success, and the errors it can answer.
 * @param refusals how errors are written that have nothing to do with the route.
 */
export function answers(
  success: DocumentedSuccess,
  errorStatuses: readonly number[],
  errors = openaiErrors,
  refusals = errors,
) {
  const { description, schema, headers = {}, mediaType = 'application/json', example, examples } = success;
  return {
    200: {
      description,
      headers: { ...requestId, ...headers },
      content: {
        [mediaType]: {
          schema,
          ...(example === undefined ? {} : { example }),
          ...(examples === undefined ? {} : { examples }),
        },
      },
    },
    ...Object.fromEntries(errorStatuses.map((status) => [status, errorAnswer(status, errors)])),
    ...Object.fromEntries(ANYWHERE.map((status) => [status, errorAnswer(status, refusals)])),
  };
}

function errorAnswer(status: number, errors: ErrorFormat) {
  const { statusOf, tellsCode, schema } = errors;
  const codes = publicErrorCodes.filter(
    (code) =>
      statusOf(code) === status && code !== 'not_found' && (errors === openaiErrors || !OF_BATCHES.includes(code)),
  );
  const reasons = codes.map((code) => (tellsCode ? `\`${code}\`: ${errorTable[code].when}` : errorTable[code].when));
  // A dialect may have one status for what has several: then no header is common to its answers.
  const [ownStatus, ...others] = new Set(codes.map((code) => errorTable[code].status));
  const examples = errors === openaiErrors ? errorExamplesOf(status) : {};
  return {
    description: reasons.join(tellsCode ? '. ' : '; or '),
    headers: {
      ...requestId,
      ...(ownStatus === undefined || others.length > 0 ? {} : headersOfError[ownStatus]),
      ...(codes.some((code) => errorTable[code].retry === false) ? noRetry : {}),
    },
    content: { 'application/json': { schema, ...(Object.keys(examples).length > 0 ? { examples } : {}) } },
  };
}
