import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../../support/running-service.ts';

const sentences = (wrong: unknown) => ({ inputs: { source_sentence: 'a', sentences: wrong } });
const source = (wrong: unknown) => ({ inputs: { source_sentence: wrong, sentences: ['a'] } });
const ollama = (wrong: unknown) => ({ model: 'starter', input: wrong });
const cohere = (wrong: unknown) => ({ model: 'starter', input_type: 'search_query', texts: wrong });

const all = 'a text, texts, or token ids';
/** What the field that holds the inputs is sent, and what is said of it. */
const rows: [route: string, body: object, message: string][] = [
  ['/v1/embeddings', { input: 1 }, `input is a number; wanted is ${all}.`],
  ['/v1/embeddings', { input: [-1] }, 'input[0] is not a token id: wanted is a whole number, 0 or more.'],
  ['/v1/embeddings', { input: [[1], [-1]] }, 'input[1][0] is not a token id: wanted is a whole number, 0 or more.'],
  ['/v1/embeddings', { input: [null] }, 'input[0] is null; wanted is a text or token ids.'],
  ['/v1/tokenize', { input: {} }, 'input is an object; wanted is a text or texts.'],
  ['/v1/tokenize', { input: [-1] }, 'input is token ids; wanted is a text or texts.'],
  ['/embed', { inputs: [-1] }, 'inputs[0] is not a token id: wanted is a whole number, 0 or more.'],
  ['/embed', { inputs: true }, `inputs is a boolean; wanted is ${all}.`],
  ['/tokenize', { inputs: 1 }, 'inputs is a number; wanted is a text or texts.'],
  ['/decode', { ids: [-1] }, 'ids[0] is not a token id: wanted is a whole number, 0 or more.'],
  ['/decode', { ids: ['a'] }, 'ids is a list of texts; wanted is token ids.'],
  ['/decode', { ids: 'a' }, 'ids is a text; wanted is token ids.'],
  ['/decode', { ids: [null] }, 'ids[0] is null; wanted is token ids.'],
  ['/similarity', source(['a']), 'inputs.source_sentence is a list of texts; wanted is a text.'],
  ['/similarity', source(1), 'inputs.source_sentence is a number; wanted is a text.'],
  ['/similarity', sentences('a'), 'inputs.sentences is a text; wanted is texts.'],
  ['/similarity', sentences([['a']]), 'inputs.sentences[0] is a list; wanted is a text.'],
  ['/api/embed', ollama(1), 'input is a number; wanted is a text or texts.'],
  ['/api/embed', ollama([[1]]), 'input is token ids; wanted is a text or texts.'],
  ['/api/embeddings', { model: 'starter', prompt: ['a'] }, 'prompt is a list of texts; wanted is a text.'],
  ['/v2/embed', cohere('a'), 'texts is a text; wanted is texts.'],
  ['/v2/embed', cohere([1]), 'texts is token ids; wanted is texts.'],
  ['/v2/embed', cohere([null]), 'texts[0] is null; wanted is a text.'],
  // Other fields.
  ['/v1/embeddings', { input: 'a', instruction: '' }, 'instruction is an empty text; it must not be empty.'],
  ['/v2/embed', { ...cohere(['a']), embedding_types: [] }, 'embedding_types is an empty list; it must not be empty.'],
  [
    '/v2/embed',
    { ...cohere(['a']), embedding_types: ['float', 'float'] },
    'embedding_types is a list; it must not have the same item twice.',
  ],
  [
    '/v2/embed',
    { ...cohere(['a']), embedding_types: ['float', 'int4'] },
    'embedding_types[1] is a text; it must be one of float, int8, uint8, binary, ubinary, base64.',
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

  it('are not looked at where there is no such path or method', async () => {
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
