import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LARGE_BODY_BYTES } from '../../../src/http/body/large-bodies.ts';
import { type RunningService, startService } from '../../support/running-service.ts';

const sentences = (wrong: unknown) => ({ inputs: { source_sentence: 'a', sentences: wrong } });
const source = (wrong: unknown) => ({ inputs: { source_sentence: wrong, sentences: ['a'] } });
const ollama = (wrong: unknown) => ({ model: 'starter', input: wrong });
const cohere = (wrong: unknown) => ({ model: 'starter', input_type: 'search_query', texts: wrong });

const all = 'a string, an array of strings, or token ids';
/** What the field that holds the inputs is sent, and what is said of it. */
const rows: [route: string, body: object, message: string][] = [
  ['/v1/embeddings', { input: 1 }, `input is a number; expected ${all}.`],
  ['/v1/embeddings', { input: [-1] }, 'input[0] is not a token id: expected a non-negative integer.'],
  ['/v1/embeddings', { input: [[1], [-1]] }, 'input[1][0] is not a token id: expected a non-negative integer.'],
  ['/v1/embeddings', { input: [null] }, 'input[0] is null; expected a string or token ids.'],
  ['/v1/tokenize', { input: {} }, 'input is an object; expected a string or an array of strings.'],
  ['/v1/tokenize', { input: [-1] }, 'input is token ids; expected a string or an array of strings.'],
  ['/embed', { inputs: [-1] }, 'inputs[0] is not a token id: expected a non-negative integer.'],
  ['/embed', { inputs: true }, `inputs is a boolean; expected ${all}.`],
  ['/tokenize', { inputs: 1 }, 'inputs is a number; expected a string or an array of strings.'],
  ['/decode', { ids: [-1] }, 'ids[0] is not a token id: expected a non-negative integer.'],
  ['/decode', { ids: ['a'] }, 'ids is an array of strings; expected token ids.'],
  ['/decode', { ids: 'a' }, 'ids is a string; expected token ids.'],
  ['/decode', { ids: [null] }, 'ids[0] is null; expected token ids.'],
  ['/similarity', source(['a']), 'inputs.source_sentence is an array of strings; expected a string.'],
  ['/similarity', source(1), 'inputs.source_sentence is a number; expected a string.'],
  ['/similarity', sentences('a'), 'inputs.sentences is a string; expected an array of strings.'],
  ['/similarity', sentences([['a']]), 'inputs.sentences[0] is an array; expected a string.'],
  ['/api/embed', ollama(1), 'input is a number; expected a string or an array of strings.'],
  ['/api/embed', ollama([[1]]), 'input is token ids; expected a string or an array of strings.'],
  ['/api/embeddings', { model: 'starter', prompt: ['a'] }, 'prompt is an array of strings; expected a string.'],
  ['/v2/embed', cohere('a'), 'texts is a string; expected an array of strings.'],
  ['/v2/embed', cohere([1]), 'texts is token ids; expected an array of strings.'],
  ['/v2/embed', cohere([null]), 'texts[0] is null; expected a string.'],
  // Other fields.
  ['/v1/embeddings', { input: 'a', instruction: '' }, 'instruction is an empty string; it must not be empty.'],
  ['/v2/embed', { ...cohere(['a']), embedding_types: [] }, 'embedding_types is an empty array; it must not be empty.'],
  [
    '/v2/embed',
    { ...cohere(['a']), embedding_types: ['float', 'float'] },
    'embedding_types is an array; it must not have the same item twice.',
  ],
  [
    '/v2/embed',
    { ...cohere(['a']), embedding_types: ['float', 'int4'] },
    'embedding_types[1] is a string; it must be one of float, int8, uint8, binary, ubinary, base64.',
  ],
];

describe('Inputs of the wrong kind', () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  for (const [route, body, wanted] of rows) {
    it(`${route} ${JSON.stringify(body)}: says what was found and what that field takes`, async () => {
      const response = await service.post(route, body);
      const { error, message } = (await response.json()) as { error?: string | { message: string }; message?: string };
      assert.equal(typeof error === 'object' ? error.message : (error ?? message), wanted);
      assert.ok(response.status === 400 || response.status === 422, `${response.status}`);
    });
  }

  it('leave the connection open, as all of the request was read', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const body of ['{', '{"input":1}', `{"input":1}${' '.repeat(LARGE_BODY_BYTES)}`]) {
      const response = await fetch(`${service.url}/v1/embeddings`, { method: 'POST', headers, body });
      assert.deepEqual([response.status, response.headers.get('connection')], [400, 'keep-alive']);
      await response.text();
    }
  });

  it('are not examined when the path or method does not exist', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const body of ['', '{']) {
      for (const [method, path, status, code] of [
        ['PUT', '/v1/embeddings', 405, 'method_not_allowed'],
        ['DELETE', '/v1/models', 405, 'method_not_allowed'],
        ['POST', '/v1/embedding', 404, 'not_found'],
      ] as const) {
        const response = await fetch(service.url + path, { method, headers, body });
        const { error } = (await response.json()) as { error: { code: string } };
        assert.deepEqual([response.status, error.code], [status, code]);
      }
    }
  });
});
