import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { RerankInput, RerankOptions, RerankResult } from '../../../../src/tasks/reranking/reranker.ts';
import { assertNames } from '../../../support/assert-names.ts';
import { buildStubApp, ranking, type StubApp } from '../../stub-service.ts';

const body = { model: 'stub-reranker', query: 'q', documents: ['a', 'b', 'c'] };

describe('POST /v2/rerank of Cohere', () => {
  let stub: StubApp;
  let asked: { input: RerankInput; options: RerankOptions } | undefined;
  let result: RerankResult | undefined;
  before(async () => {
    stub = await buildStubApp({
      rerank: (input, options) => {
        asked = { input, options };
        return result;
      },
    });
  });
  beforeEach(() => {
    asked = undefined;
    result = undefined;
  });
  after(() => stub.close());

  const send = async (sent: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await stub.fetch('/v2/rerank', { method: 'POST', headers, body: JSON.stringify(sent) });
    return { status: response.status, headers: response.headers, answer: (await response.json()) as never };
  };

  it('ranks documents, best first, with what its clients read beside', async () => {
    result = ranking([0.5, -1, 0.75]);
    const { status, headers, answer } = await send({ ...body, top_n: 2 });
    assert.equal(status, 200);
    assert.deepEqual(answer, {
      id: headers.get('x-request-id'),
      results: [
        { index: 2, relevance_score: 0.75 },
        { index: 0, relevance_score: 0.5 },
      ],
      meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
    });
    const repeated = await send({ ...body, return_documents: true, top_n: 1 });
    assert.deepEqual((repeated.answer as { results: object[] }).results, [
      { index: 2, relevance_score: 0.75, document: { text: 'c' } },
    ]);
  });

  it('bills a search for each 100 documents, or part of that', async () => {
    for (const [count, units] of [
      [100, 1],
      [101, 2],
    ] as const) {
      const { answer } = await send({ ...body, documents: Array(count).fill('a') });
      const { meta } = answer as { meta: { billed_units: object } };
      assert.deepEqual(meta.billed_units, { search_units: units });
    }
  });

  it('cuts documents, to 4096 tokens where the request does not say, and never refuses them for their length', async () => {
    await send(body);
    assert.deepEqual([asked?.options.truncate, asked?.options.maxDocumentTokens], ['end', 4096]);
    await send({ ...body, max_tokens_per_doc: 100, rank_fields: ['text'], priority: 3 });
    assert.deepEqual([asked?.options.truncate, asked?.options.maxDocumentTokens], ['end', 100]);
  });

  it('refuses what it cannot rank in its own form, and asks the model nothing', async () => {
    for (const [sent, status, name] of [
      [{ ...body, model: undefined }, 400, 'model'],
      [{ ...body, model: 'gpt' }, 404, 'stub-reranker'],
      [{ ...body, model: 'stub' }, 400, 'stub embeds texts'],
      [{ ...body, model: 'stub-reranker-query' }, 404, 'stub-reranker'],
      [{ ...body, query: undefined }, 400, 'query'],
      [{ ...body, documents: [] }, 400, 'documents'],
      [{ ...body, documents: [{ text: 'a' }] }, 400, 'documents[0]'],
      [{ ...body, documents: Array(2049).fill('a') }, 400, '2,048'],
      [{ ...body, top_n: 0 }, 400, 'top_n'],
      [{ ...body, max_tokens_per_doc: 0 }, 400, 'max_tokens_per_doc'],
      [{ ...body, rank_fields: ['title'] }, 400, 'rank_fields'],
      [{ ...body, max_chunks_per_doc: 10 }, 400, 'max_chunks_per_doc'],
    ] as const) {
      const { status: found, answer } = await send(sent);
      assert.deepEqual([found, Object.keys(answer)], [status, ['id', 'message']], JSON.stringify(sent).slice(0, 200));
      assertNames((answer as { message: string }).message, name);
    }
    assert.equal(asked, undefined);
  });
});
