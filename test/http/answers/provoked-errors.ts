import type { ErrorCode } from '../../../src/errors.ts';
import type { RunningService } from '../../support/running-service.ts';
import { startStubService } from '../stub-service.ts';

type Provoke = (service: RunningService) => Promise<unknown>;

const refused =
  (body: unknown, headers: Record<string, string> = {}): Provoke =>
  async (service) =>
    (await service.post('/v1/embeddings', body, headers)).json();

/** How the errors come about that openapi.yaml has examples of. */
export const provokedErrors: Partial<Record<ErrorCode, Provoke>> = {
  invalid_json: refused('{"input": "Hello"'),
  invalid_input: refused({ input: 'Hello', normalize: 'yes' }),
  empty_input: refused({ input: ['Hello', ''] }),
  input_too_long: refused({ input: 'word '.repeat(9000) }),
  too_many_inputs: refused({ input: Array(2049).fill('Hello') }),
  invalid_token_id: refused({ input: [[15339, 1917]] }),
  invalid_dimensions: refused({ input: 'Hello', dimensions: 16 }),
  invalid_encoding_format: refused({ input: 'Hello', encoding_format: 'hex' }),
  unknown_field: refused({ input: 'Hello', prompt: 'query' }),
  invalid_api_key: async () => {
    const keyed = await startStubService({ keys: { someone: 'secret' } });
    const answer = await (await fetch(`${keyed.url}/v1/embeddings`, { method: 'POST' })).json();
    await keyed.close();
    return answer;
  },
  model_not_found: refused({ input: 'Hello', model: 'text-embedding-3-small' }),
  fingerprint_mismatch: refused({ input: 'Hello' }, { 'x-expect-fingerprint': '0123456789abcdef' }),
  unsupported_media_type: refused('input=Hello', { 'content-type': 'application/x-www-form-urlencoded' }),
};
