import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../support/running-service.ts';

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
});
