import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { buildStubApp, type StubApp } from '../stub-service.ts';

/** What clients with a wrong base URL ask for, and what there is. */
const meant: [string, string][] = [
  ['/v1/v1/embeddings', 'POST /v1/embeddings'],
  ['/v1/v1/v1/embeddings', 'POST /v1/embeddings'],
  ['/v1/embeddings/embeddings', 'POST /v1/embeddings'],
  ['/v1/embeddings/v1/embeddings', 'POST /v1/embeddings'],
  ['/embeddings/embeddings', 'POST /embeddings'],
  ['/v1/embeddings/', 'POST /v1/embeddings'],
  ['//v1/embeddings', 'POST /v1/embeddings'],
  ['/v1//embeddings', 'POST /v1/embeddings'],
  ['/V1/Embeddings', 'POST /v1/embeddings'],
  ['/openai/v1/embeddings', 'POST /v1/embeddings'],
  ['/api/v1/embeddings', 'POST /v1/embeddings'],
  ['/v1/openai/embeddings', 'POST /embeddings'],
  ['/openai/deployments/my-model/embeddings?api-version=2024-02-01', 'POST /embeddings'],
  ['/models', 'GET /v1/models'],
  ['/openai/models', 'GET /v1/models'],
  ['/v1/models/', 'GET /v1/models'],
  ['/api/v1/models/Geheimnis', 'GET /v1/models/{id}'],
  ['/v1/v1/similarity', 'POST /v1/similarity'],
  ['/api/tokenize', 'POST /tokenize'],
  ['/v1/api/embed', 'POST /api/embed'],
  ['/api/api/embed', 'POST /api/embed'],
  ['/embed/', 'POST /embed'],
  ['/v1/livez', 'GET /livez'],
  ['/docs/openapi.json', 'GET /openapi.json'],
];

describe('An unknown path', () => {
  let service: StubApp;
  before(async () => {
    service = await buildStubApp();
  });
  after(() => service.close());

  for (const [path, route] of meant) {
    it(`${path}: 404 that names ${route}`, async () => {
      for (const method of ['GET', 'POST']) {
        const answer = await service.fetch(path, {
          method,
          ...(method === 'POST' ? { headers: { 'content-type': 'application/json' }, body: '{"input":"x"}' } : {}),
        });
        const text = await answer.text();
        assert.equal(answer.status, 404, `${method} ${text}`);
        assert.ok(text.includes(`Did you mean ${route}?`), text);
        assert.doesNotMatch(text, /Geheimnis/);
      }
    });
  }

  it('gets no hint where nothing is likely, however long it is', async () => {
    const lost = [
      '/chat/completions',
      '/v1/chat/completions',
      '/v2',
      '/x',
      '/v1',
      // There are such routes, which say that the model is of another kind.
      '/v2/classify',
      '/v1/predict',
      `/${'v1/'.repeat(2_000)}embeddings`,
      `/${'a/'.repeat(20)}embed`,
    ];
    for (const path of lost) {
      const answer = await service.fetch(path);
      assert.equal(answer.status, 404, path);
      assert.match(await answer.text(), /This path does not exist; \/docs lists the paths\./, path);
    }
  });
});
