import type { ErrorCode } from '../errors.ts';

export interface ErrorRow {
  status: number;
  /** `error.type` of the OpenAI envelope. */
  type: string;
  /** The official SDKs retry 408, 409, 429 and 5xx; false tells them that repeating cannot help. */
  retry?: false;
  /** The request's body may still be on its way: the connection cannot be used again. */
  closesConnection?: true;
}

const badRequest: ErrorRow = { status: 400, type: 'invalid_request_error' };

/** The one place that knows which HTTP answer an error becomes. */
export const errorTable: Record<ErrorCode, ErrorRow> = {
  invalid_json: badRequest,
  invalid_input: badRequest,
  empty_input: badRequest,
  input_too_long: badRequest,
  too_many_inputs: badRequest,
  too_many_tokens: badRequest,
  invalid_token_id: badRequest,
  invalid_dimensions: badRequest,
  invalid_encoding_format: badRequest,
  unknown_field: badRequest,
  invalid_api_key: { status: 401, type: 'authentication_error', closesConnection: true },
  model_not_found: { status: 404, type: 'invalid_request_error' },
  not_found: { status: 404, type: 'invalid_request_error' },
  method_not_allowed: { status: 405, type: 'invalid_request_error', closesConnection: true },
  body_too_large: { status: 413, type: 'invalid_request_error', closesConnection: true },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', closesConnection: true },
  fingerprint_mismatch: { status: 409, type: 'invalid_request_error', retry: false },
  overloaded: { status: 429, type: 'rate_limit_error' },
  key_share_exceeded: { status: 429, type: 'rate_limit_error' },
  non_finite_output: { status: 500, type: 'server_error', retry: false },
  inference_failed: { status: 500, type: 'server_error', retry: false },
  internal_error: { status: 500, type: 'server_error' },
  not_ready: { status: 503, type: 'service_unavailable_error' },
  draining: { status: 503, type: 'service_unavailable_error', closesConnection: true },
  engine_restarting: { status: 503, type: 'service_unavailable_error' },
  deadline_exceeded: { status: 504, type: 'timeout_error' },
  // Nobody reads this answer; the number is nginx's, and appears in logs and metrics.
  client_closed_request: { status: 499, type: 'client_closed_request' },
};
