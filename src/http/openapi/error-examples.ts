import type { ErrorCode } from '../../errors.ts';
import { errorTable } from '../answers/error-table.ts';
import type { NamedExamples } from './documented-examples.ts';

/** Messages that the API's description shows (a test provokes each and compares), and the field at fault. */
const MESSAGES: Partial<Record<ErrorCode, [message: string, param: string | null]>> = {
  invalid_json: ['The request body is not valid JSON.', null],
  invalid_input: ['normalize is a string; expected a boolean.', 'normalize'],
  empty_input: ['input[1] is empty; there is nothing to embed.', 'input[1]'],
  input_too_long: [
    'input has 9002 tokens; the limit is 8192 tokens per input. Split it, or have it truncated: see the field truncate.',
    'input',
  ],
  too_many_inputs: ['Cannot embed 2,049 inputs: the limit is 2,048 per request.', 'input'],
  invalid_token_id: [
    "Token id 15339 in input[0] is not in this model's vocabulary of 12000. If a client library made these ids with another tokenizer, make it send texts: in LangChain's OpenAIEmbeddings set check_embedding_ctx_length=False.",
    'input[0]',
  ],
  invalid_dimensions: ['dimensions is 16; this model supports 32 to 256.', 'dimensions'],
  invalid_encoding_format: ['encoding_format is a string; it must be one of float, base64.', 'encoding_format'],
  unknown_field: ['Unknown field prompt; /docs lists the fields.', 'prompt'],
  invalid_api_key: ['This server requires an API key; send it as "authorization: Bearer KEY".', null],
  model_not_found: ['This server does not serve that model; it serves starter.', 'model'],
  fingerprint_mismatch: [
    "This server's model has fingerprint a8d13dde36d181ad, not the expected one: what the two compute cannot be compared.",
    'x-expect-fingerprint',
  ],
  unsupported_media_type: ['The request body must be JSON, sent with content-type: application/json.', null],
};

/** Examples of the answers with a status, by code. */
export function errorExamplesOf(status: number): NamedExamples {
  const codes = Object.keys(MESSAGES) as ErrorCode[];
  return Object.fromEntries(
    codes
      .filter((code) => errorTable[code].status === status)
      .map((code) => {
        const { type, when } = errorTable[code];
        const [message, param] = MESSAGES[code] as [string, string | null];
        return [code, { summary: when, value: { error: { message, type, param, code } } }];
      }),
  );
}
