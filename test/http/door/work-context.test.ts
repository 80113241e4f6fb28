import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EmbedOptions } from '../../../src/tasks/embedding/embedder.ts';
import { buildStubApp, type StubApp } from '../stub-service.ts';

describe('x-priority', () => {
  let service: StubApp;
  const seen: EmbedOptions['priority'][] = [];
  before(async () => {
    service = await buildStubApp({
      embed: (_, { priority }) => {
        seen.push(priority);
        return undefined;
      },
    });
  });
  after(() => service.close());

  async function post(path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
    return service.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  it('is passed on by every route that computes, and left to the size of the request where it is not said', async () => {
    for (const [path, body] of [
      ['/v1/embeddings', { input: 'x' }],
      ['/v1/similarity', { queries: ['x'], documents: ['y'] }],
    ] as const) {
      seen.length = 0;
      for (const priority of ['interactive', 'bulk'] as const) {
        assert.equal((await post(path, body, { 'x-priority': priority })).status, 200);
      }
      assert.equal((await post(path, body, {})).status, 200);
      assert.deepEqual([...new Set(seen)], ['interactive', 'bulk', undefined]);
    }
  });

  it('is refused by its name where it says anything else, before anything is computed', async () => {
    const calls = service.embedCalls();
    for (const priority of ['', 'high', 'Bulk', 'interactive, bulk', '1']) {
      const response = await post('/v1/embeddings', { input: 'x' }, { 'x-priority': priority });
      assert.equal(response.status, 400, priority);
      const { error } = (await response.json()) as { error: { code: string; param: string } };
      assert.deepEqual([error.code, error.param], ['invalid_input', 'x-priority']);
    }
    assert.equal(service.embedCalls(), calls);
  });
});
