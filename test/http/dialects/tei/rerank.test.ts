import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Config } from '../../../../src/settings/config.ts';
import type { RerankInput, RerankOptions, RerankResult } from '../../../../src/tasks/reranking/reranker.ts';
import { assertNames } from '../../../support/assert-names.ts';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { buildStubApp, ranking, type StubApp } from '../../stub-service.ts';
import { publishedApi } from '../published-api.ts';

const published = publishedApi('tei');
const body = { query: '中', texts: ['a', '😀b'] };
const headers = { 'content-type': 'application/json' };

describe('POST /rerank of text-embeddings-inference', () => {
  let stub: StubApp;
  let asked: { input: RerankInput; options: RerankOptions } | undefined;
  let result: RerankResult | undefined;
  const build = (config: Partial<Config>) =>
    buildStubApp({
      config,
      rerank: (input, options) => {
        asked = { input, options };
        return result;
      },
    });
  before(async () => {
    stub = await build({ maxInputs: 3 });
  });
  beforeEach(() => {
    asked = undefined;
    result = undefined;
  });
  after(() => stub.close());

  const send = async (sent: object, to = stub) => {
    const response = await to.fetch('/rerank', { method: 'POST', headers, body: JSON.stringify(sent) });
    return { status: response.status, headers: response.headers, answer: (await response.json()) as never };
  };

  it('scores texts, highest first, in the form that it publishes, with its headers', async () => {
    result = ranking([-1.5, 0.25]);
    const { status, headers: sent, answer } = await send({ ...body, return_text: true, raw_scores: true });
    assert.equal(status, 200);
    assert.deepEqual(answer, [
      { index: 1, score: 0.25, text: '😀b' },
      { index: 0, score: -1.5, text: 'a' },
    ]);
    assert.equal(published.check('RerankResponse', answer), null);
    // The query is read with each text.
    assert.equal(sent.get('x-compute-characters'), '5');
    assert.equal(sent.get('x-compute-tokens'), '6');
    assert.equal(sent.get('x-compute-type'), 'cpu');
    assert.deepEqual(asked?.input, {
      query: { text: '中', name: 'query' },
      documents: [
        { text: 'a', name: 'texts[0]' },
        { text: '😀b', name: 'texts[1]' },
      ],
      instruction: null,
    });
    assert.equal(asked?.options.rawScores, true);
    assert.deepEqual(Object.keys((await send(body)).answer[0]), ['index', 'score']);
    assert.equal(asked?.options.rawScores, false);
  });

  it('takes every field that it publishes, and ignores others', async () => {
    const fields = published.fieldsOf('RerankRequest');
    const all = { ...body, raw_scores: false, return_text: false, truncate: null, truncation_direction: 'Right' };
    assert.deepEqual(Object.keys(all).sort(), fields.sort());
    assert.equal((await send({ ...all, options: { wait_for_model: true } })).status, 200);
  });

  it('cuts what is too long, unless request or operator say otherwise', async () => {
    const refusing = await build({ truncate: 'error' });
    for (const [to, fields, truncate] of [
      [stub, {}, 'end'],
      [stub, { truncate: true }, 'end'],
      [stub, { truncate: false }, 'error'],
      [stub, { truncation_direction: 'Left' }, 'start'],
      [refusing, {}, 'error'],
      [refusing, { truncate: true, truncation_direction: 'left' }, 'start'],
    ] as const) {
      await send({ ...body, ...fields }, to);
      assert.equal(asked?.options.truncate, truncate, JSON.stringify(fields));
    }
    await refusing.close();
  });

  it('refuses what it cannot rank in its own form, and asks the model nothing', async () => {
    for (const [sent, status, type, name] of [
      [{ texts: ['a'] }, 422, 'Validation', 'query'],
      [{ ...body, texts: undefined, return_text: true }, 422, 'Validation', 'texts'],
      [{ ...body, texts: [] }, 400, 'Empty', 'texts'],
      [{ ...body, texts: 'a' }, 422, 'Validation', 'texts'],
      [{ ...body, texts: ['a', 1] }, 422, 'Validation', 'texts[1]'],
      [{ ...body, texts: [{ text: 'a' }] }, 422, 'Validation', 'texts[0]'],
      [{ ...body, texts: ['a', 'b', 'c', 'd'] }, 422, 'Validation', '3'],
      [{ ...body, query: 1 }, 422, 'Validation', 'query'],
      [{ ...body, truncate: 'yes' }, 422, 'Validation', 'truncate'],
    ] as const) {
      const { status: found, answer } = await send(sent);
      const { error, error_type } = answer as { error: string; error_type: string };
      assert.deepEqual([found, error_type], [status, type], JSON.stringify(sent));
      assertNames(error, name);
    }
    assert.equal(asked, undefined);
  });

  for (const path of ['/', '/invocations']) {
    it(`is asked at ${path}, too, where a body is told from one of /embed`, async () => {
      const post = async (sent: object) => {
        const response = await stub.fetch(path, { method: 'POST', headers, body: JSON.stringify(sent) });
        return { status: response.status, answer: (await response.json()) as never };
      };
      assert.deepEqual((await post(body)).answer, (await send(body)).answer);
      assert.deepEqual((await post({ inputs: 'a', texts: 'ignored' })).answer, [[0.5, 0.5, 0.5, 0.5]]);
      const { status, answer } = await post({ query: 'a' });
      assert.deepEqual([status, answer], [422, { error: 'texts is missing.', error_type: 'Validation' }]);
    });
  }

  it('tells the two forms of the path apart by their fields, large bodies too', async () => {
    const long = ['x'.repeat(300_000)];
    const usual = await send({ query: 'q', documents: long });
    assert.deepEqual(Object.keys(usual.answer), ['id', 'model', 'results', 'usage', 'meta']);
    assert.equal(Array.isArray((await send({ query: 'q', texts: long })).answer), true);
    const ours = await send({ query: 'q', documents: [...long, 7] });
    assert.deepEqual([ours.status, (ours.answer as { error: { code: string } }).error.code], [400, 'invalid_input']);
    const theirs = await send({ query: 'q', texts: [...long, 7] });
    assert.deepEqual([theirs.status, (theirs.answer as { error_type: string }).error_type], [422, 'Validation']);
    const both = await send({ query: 'q', texts: ['a'], documents: ['b'], model: 'stub-reranker' });
    assert.deepEqual((both.answer as { error: { param: string } }).error.param, 'texts');
    for (const fields of [{ texts: long }, { return_text: true, raw_scores: true }]) {
      const { status, answer } = await send({ query: 'q', documents: long, ...fields });
      const { code, param } = (answer as { error: { code: string; param: string } }).error;
      assert.deepEqual([status, code, param], [400, 'unknown_field', Object.keys(fields)[0]]);
    }
  });
});

describe('A server of a reranker alone', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ model: 'starter-reranker', device: 'cpu' });
  });
  after(() => service.close());

  it('is described as a re-ranker', async () => {
    const info = (await (await fetch(`${service.url}/info`)).json()) as Record<string, unknown>;
    assert.equal(published.check('Info', info), null);
    assert.equal(info.model_id, 'starter-reranker');
    assert.deepEqual(info.model_type, { reranker: { id2label: { 0: 'LABEL_0' }, label2id: { LABEL_0: 0 } } });
    const tags = (await (await fetch(`${service.url}/api/tags`)).json()) as { models: object[] };
    assert.deepEqual(tags.models, []);
  });

  it('says on every route for vectors that it has none, in the form of the route', async () => {
    for (const [route, sent, status, field] of [
      ['/v1/embeddings', { input: 'x' }, 400, 'error'],
      ['/v1/similarity', { queries: 'x', documents: 'y' }, 400, 'error'],
      ['/v1/tokenize', { input: 'x' }, 400, 'error'],
      ['/embed', { inputs: 'x' }, 424, 'error_type'],
      ['/similarity', { inputs: { source_sentence: 'x', sentences: ['y'] } }, 424, 'error_type'],
      ['/embed_all', { inputs: 'x' }, 424, 'error_type'],
      ['/vertex', { instances: [{ inputs: 'x' }] }, 424, 'error_type'],
      ['/tokenize', { inputs: 'x' }, 424, 'error_type'],
      ['/decode', { ids: [1] }, 424, 'error_type'],
      ['/api/embed', { model: 'starter-reranker', input: 'x' }, 400, 'error'],
      ['/api/show', { model: 'starter-reranker' }, 400, 'error'],
      ['/v2/embed', { model: 'starter-reranker', texts: ['x'], input_type: 'search_query' }, 400, 'message'],
    ] as const) {
      const response = await service.post(route, sent);
      const text = await response.text();
      assert.equal(response.status, status, `${route} ${text}`);
      assert.ok(field in (JSON.parse(text) as object), text);
      assert.match(text, /starter-reranker reranks documents for a query/, route);
    }
  });
});
