import type { ErrorCode, HotvecError } from '../../errors.ts';

export interface ErrorRow {
  status: number;
  /** `error.type` of the OpenAI envelope. */
  type: string;
  /** For the API's description. */
  when: string;
  /** The official SDKs retry 408, 409, 429 and 5xx; false tells them that repeating cannot help. */
  retry?: false;
  /** The request's body may still be on its way: the connection cannot be used again. */
  closesConnection?: true;
}

const request = { type: 'invalid_request_error' } as const;
const badRequest = { status: 400, ...request } as const;
const forbidden = { status: 403, type: 'permission_error', closesConnection: true } as const;
const tooMuch = { status: 429, type: 'rate_limit_error' } as const;
const failure = { status: 500, type: 'server_error' } as const;
const unavailable = { status: 503, type: 'service_unavailable_error' } as const;

/** The one place that knows which HTTP answer an error becomes. */
export const errorTable: Record<ErrorCode, ErrorRow> = {
  invalid_json: {
    ...badRequest,
    when: 'the body is not JSON in UTF-8, or exceeds 64 levels, 65,536 fields or 262,144 arrays and objects',
  },
  invalid_input: { ...badRequest, when: 'a field or header has an invalid value' },
  empty_input: { ...badRequest, when: 'an input is empty' },
  input_too_long: { ...badRequest, when: 'an input has too many tokens, and truncation was not requested' },
  too_many_inputs: { ...badRequest, when: 'the request has too many inputs, or its response would be too large' },
  too_many_tokens: { ...badRequest, when: 'the request has too many tokens' },
  invalid_token_id: {
    ...badRequest,
    when: "token ids do not come from the model's tokenizer: they are outside its vocabulary, or lack the tokens that it puts around a text",
  },
  invalid_dimensions: { ...badRequest, when: 'the model does not support that many `dimensions`' },
  invalid_encoding_format: { ...badRequest, when: '`encoding_format` is not supported' },
  unknown_field: { ...badRequest, when: 'the body has an unknown field' },
  invalid_api_key: {
    status: 401,
    type: 'authentication_error',
    closesConnection: true,
    when: 'the API key is missing or unknown',
  },
  host_not_allowed: {
    ...forbidden,
    when: '`host` is a name that this server does not accept (`ALLOWED_HOSTS`)',
  },
  origin_not_allowed: {
    ...forbidden,
    when: 'a browser sends the request for a page whose `origin` is not allowed (`ALLOWED_ORIGINS`)',
  },
  model_not_found: { status: 404, ...request, when: '`model` is not served' },
  file_not_found: { status: 404, ...request, when: 'there is no such file, or it belongs to another API key' },
  batch_not_found: { status: 404, ...request, when: 'there is no such batch, or it belongs to another API key' },
  not_found: { status: 404, ...request, when: 'the path does not exist' },
  method_not_allowed: {
    status: 405,
    ...request,
    closesConnection: true,
    when: 'the method is not allowed; `allow` lists those that are',
  },
  fingerprint_mismatch: {
    status: 409,
    ...request,
    retry: false,
    when: 'vectors or scores would not be comparable with those of `x-expect-fingerprint`',
  },
  state_conflict: {
    status: 409,
    ...request,
    retry: false,
    when: 'the batch has ended, or the file is needed by one that has not',
  },
  body_too_large: { status: 413, ...request, closesConnection: true, when: 'the body has too many bytes' },
  body_too_slow: { status: 408, ...request, closesConnection: true, when: 'the body arrives too slowly or not at all' },
  unsupported_media_type: {
    status: 415,
    ...request,
    closesConnection: true,
    when: 'the body is not sent as uncompressed `application/json`',
  },
  overloaded: {
    ...tooMuch,
    when: 'too many tokens are waiting, too many bytes of requests and responses are in flight, or too many batches have not ended',
  },
  key_share_exceeded: {
    ...tooMuch,
    when: 'too many tokens of this API key are waiting, too many of its bytes are in flight, or too many of its batches have not ended',
  },
  insufficient_storage: {
    status: 507,
    type: 'server_error',
    retry: false,
    closesConnection: true,
    when: 'there is no room for another file or batch',
  },
  non_finite_output: { ...failure, retry: false, when: 'the model produced no usable vector or score for an input' },
  inference_failed: { ...failure, retry: false, when: 'the inputs could not be computed' },
  internal_error: { ...failure, when: 'an unexpected error occurred; see the server log' },
  not_ready: { ...unavailable, when: 'the model is still loading, or the engine was given up' },
  draining: { ...unavailable, closesConnection: true, when: 'the server is shutting down' },
  engine_restarting: { ...unavailable, when: 'the inference engine is restarting' },
  deadline_exceeded: { status: 504, type: 'timeout_error', when: 'the deadline passed before the answer was ready' },
  // No one reads this response; the number is nginx's, and appears in logs and metrics.
  client_closed_request: { status: 499, type: 'client_closed_request', when: 'the client disconnected' },
};

/** The codes that a client can see, for the API's description and its tests. */
export const publicErrorCodes = (Object.keys(errorTable) as ErrorCode[]).filter(
  (code) => code !== 'client_closed_request',
);

/** An error as the OpenAI API writes it: what its envelope holds. */
export interface ErrorFields {
  message: string;
  type: string;
  param: string | null;
  code: ErrorCode;
}

export function errorFields({ message, param, code }: HotvecError): ErrorFields {
  return { message, type: errorTable[code].type, param, code };
}
