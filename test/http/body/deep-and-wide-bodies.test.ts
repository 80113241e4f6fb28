import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LARGE_BODY_BYTES } from '../../../src/http/body/large-bodies.ts';
import { routeList } from '../route-list.ts';
import { buildStubApp, type StubApp } from '../stub-service.ts';

const DEPTH = 50_000;
const FIELDS = ['options', 'input', 'inputs', 'texts', 'images', 'prompt', '__proto__', 'constructor'];
const SPACE = ' '.repeat(LARGE_BODY_BYTES);
const lists = `${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`;
const objects = `${'{"a":'.repeat(DEPTH)}1${'}'.repeat(DEPTH)}`;
const wide = `{${Array.from({ length: 70_000 }, (_, i) => `"${i.toString(36)}":1`).join()}}`;

describe('A body that is deep or wide', () => {
  let stub: StubApp;
  before(async () => {
    stub = await buildStubApp();
  });
  after(() => stub.close());

  function post(path: string, body: string): Promise<Response> {
    return stub.fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }

  it('is refused by every POST route as a bad request, in its own form, read at once or by the worker', async () => {
    const posts = routeList(stub.app).flatMap(([method, url]) => (method === 'POST' ? [url] : []));
    // It takes forms, and says 415.
    const paths = posts.filter((path) => path !== '/v1/files');
    assert.ok(paths.length >= 12, paths.join());
    for (const path of paths) {
      for (const value of [lists, objects, wide]) {
        for (const field of value === wide ? ['options'] : FIELDS) {
          const body = `{"model":"stub",${JSON.stringify(field)}:${value}}`;
          for (const space of value === wide ? [SPACE] : ['', SPACE]) {
            const response = await post(path, space + body);
            const answer = await response.text();
            // Routes of text-embeddings-inference for other kinds of models read no body.
            if (response.status === 424) continue;
            assert.equal(response.status, 400, `${path} ${field}: ${answer}`);
            assert.match(answer, /The request body has (arrays and objects nested|more than 65,536 fields)/);
          }
        }
      }
    }
    assert.equal(stub.embedCalls(), 0);
    assert.doesNotMatch(stub.log(), /unexpected error/);
  });

  it('is no more than nothing at a path where nothing is (a deep one was a 500 there)', async () => {
    for (const space of ['', SPACE]) {
      assert.equal((await post('/v1/nothing', `${space}{"a":${lists}}`)).status, 404);
      assert.equal((await post('/v1/nothing', `${space}{"a":[[1]]}`)).status, 404);
    }
  });

  it('is served where what is ignored in it is of a usual depth, with none of it in the answer', async () => {
    const options = { a: [[[[[{ b: { c: [1, null] } }]]]]], num_ctx: 512, stop: ['x'], __proto__: 1 };
    for (const space of ['', SPACE]) {
      for (const [path, field] of [
        ['/api/embed', 'input'],
        ['/api/embeddings', 'prompt'],
      ] as const) {
        const response = await post(path, `${space}${JSON.stringify({ model: 'stub', [field]: 'a', options })}`);
        assert.equal(response.status, 200);
      }
    }
  });

  it('is refused for a field that may not be given, of which only the presence was kept', async () => {
    const body = { model: 'stub', texts: ['a'], input_type: 'search_query' };
    for (const field of ['images', 'inputs']) {
      for (const value of [[], {}, 'a', 0, false, [[[{}]]]]) {
        const response = await post('/v2/embed', JSON.stringify({ ...body, [field]: value }));
        assert.equal(response.status, 400);
        assert.match(await response.text(), /This server embeds texts/);
      }
      assert.equal((await post('/v2/embed', JSON.stringify({ ...body, [field]: null }))).status, 200, 'null: absent');
    }
  });
});
