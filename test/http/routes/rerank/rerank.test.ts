import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { type ErrorCode, HotvecError } from '../../../../src/errors.ts';
import type { RerankInput, RerankOptions, RerankResult } from '../../../../src/tasks/reranking/reranker.ts';
import { assertNames } from '../../../support/assert-names.ts';
import { readMetrics } from '../../../support/read-metrics.ts';
import { until } from '../../../support/supervised-engine.ts';
import type { ErrorBody } from '../../answers.ts';
import { buildStubApp, ranking, type StubApp, startStubService } from '../../stub-service.ts';

const body = { query: 'q', documents: ['a', { text: 'b' }, 'c'] };

interface RerankAnswer {
  id: string;
  model: string;
  results: { index: number; relevance_score: number; document?: { text: string } }[];
  usage: Record<string, number>;
  meta: object;
}

describe('POST /v1/rerank', () => {
  let stub: StubApp;
  let asked: { input: RerankInput; options: RerankOptions } | undefined;
  let result: RerankResult | undefined;
  before(async () => {
    stub = await buildStubApp({
      config: { maxInputs: 4 },
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

  const send = (sent: unknown, path = '/v1/rerank', headers: Record<string, string> = {}) =>
    stub.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof sent === 'string' ? sent : JSON.stringify(sent),
    });
  const answered = async (sent: unknown, path?: string) => {
    const response = await send(sent, path);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return { headers: response.headers, text, answer: JSON.parse(text) as RerankAnswer };
  };

  for (const path of ['/v1/rerank', '/rerank']) {
    it(`${path} ranks the documents, best first, and says what that took`, async () => {
      const { answer, headers } = await answered({ ...body, model: 'stub-reranker' }, path);
      assert.deepEqual(answer, {
        id: headers.get('x-request-id'),
        model: 'stub-reranker',
        results: [
          { index: 2, relevance_score: Math.fround(0.002) },
          { index: 1, relevance_score: Math.fround(0.001) },
          { index: 0, relevance_score: 0 },
        ].map((one) => ({ ...one, relevance_score: Number(one.relevance_score.toPrecision(9)) })),
        usage: { prompt_tokens: 9, total_tokens: 9, computed_tokens: 6, shared_tokens: 3 },
        meta: { api_version: { version: '1' }, billed_units: { search_units: 1 } },
      });
      assert.equal(headers.get('x-embedding-fingerprint'), 'fedcba9876543210');
      assert.match(headers.get('server-timing') ?? '', /^tokenize;dur=.*, queue;.*, infer;.*, encode;/);
    });
  }

  it('asks with the names that the request has for its texts, and what it says of them', async () => {
    await answered({
      ...body,
      instruction: 'Find it',
      truncate: 'START',
      max_tokens_per_doc: 7,
      raw_scores: true,
      on_error: 'partial',
    });
    assert.deepEqual(asked?.input, {
      query: { text: 'q', name: 'query' },
      documents: ['a', 'b', 'c'].map((text, i) => ({ text, name: `documents[${i}]` })),
      instruction: 'Find it',
    });
    const { truncate, maxDocumentTokens, rawScores, onError } = asked?.options ?? ({} as RerankOptions);
    assert.deepEqual([truncate, maxDocumentTokens, rawScores, onError], ['start', 7, true, 'partial']);
    await answered(body);
    assert.equal(asked?.input.instruction, null);
    assert.deepEqual([asked?.options.truncate, asked?.options.maxDocumentTokens], ['error', undefined]);
  });

  for (const [fields, truncate] of [
    [{ truncation: true }, 'end'],
    [{ truncation: false }, 'error'],
    [{ truncate_prompt_tokens: -1 }, 'end'],
    [{ truncate: 'END' }, 'end'],
    [{ truncate: 'start', truncation: true }, 'start'],
    [{ truncate_prompt_tokens: -1, truncation_side: 'left' }, 'start'],
    [{ truncation: true, truncation_side: 'right' }, 'end'],
    [{ truncation_side: 'left' }, 'error'],
  ] as const) {
    it(`takes ${JSON.stringify(fields)} for ${truncate}`, async () => {
      await answered({ ...body, ...fields });
      assert.equal(asked?.options.truncate, truncate);
    });
  }

  it('obeys the headers of any work', async () => {
    await send(body, '/v1/rerank', { 'x-deadline-ms': '1234', 'x-priority': 'bulk' });
    assert.deepEqual([asked?.options.timeLimit, asked?.options.priority], [1234, 'bulk']);
    asked = undefined;
    const response = await send(body, '/v1/rerank', { 'x-expect-fingerprint': '0123456789abcdef' });
    assert.deepEqual([response.status, asked], [409, undefined]);
  });

  it('of equal scores the earlier document is the better one, and of negative ones the larger', async () => {
    result = ranking([-2, 0.5, -1, 0.5]);
    const { answer } = await answered({ ...body, documents: ['a', 'b', 'c', 'd'] });
    assert.deepEqual(
      answer.results.map(({ index }) => index),
      [1, 3, 2, 0],
    );
  });

  it('writes a score as nine digits, those of its float32', async () => {
    result = ranking([0.1, 1 / 3, 1e-9]);
    const { text } = await answered(body);
    for (const digits of ['0.333333343', '0.100000001', '9.99999972e-10'])
      assert.ok(text.includes(`"relevance_score":${digits}}`));
  });

  it('gives the best top_n, or all where there are fewer', async () => {
    for (const [top_n, count] of [
      [1, 1],
      [2, 2],
      [99, 3],
      [null, 3],
    ]) {
      const { answer } = await answered({ ...body, top_n });
      assert.equal(answer.results.length, count);
      assert.equal(answer.results[0]?.index, 2);
    }
  });

  it('repeats the documents if asked to, whatever is in them', async () => {
    const documents = ['"quoted"\n\u0001', { text: '中国 😀' }];
    const { answer } = await answered({ query: 'q', documents, return_documents: true });
    assert.deepEqual(
      answer.results.map(({ document }) => document),
      [{ text: '中国 😀' }, { text: '"quoted"\n\u0001' }],
    );
    assert.equal((await answered({ query: 'q', documents })).text.includes('document'), false);
  });

  it('tells what was truncated', async () => {
    result = { ...ranking([0.1, 0.2]), tokens: [8, 5], truncated: [true, false] };
    const { answer, headers } = await answered({ ...body, documents: ['a', 'b'] });
    assert.deepEqual(answer.results, [
      { index: 1, relevance_score: 0.200000003 },
      { index: 0, relevance_score: 0.100000001, truncated: true, tokens: 8 },
    ]);
    assert.equal(headers.get('x-truncated-inputs'), '1');
  });

  it('has the errors of documents without a score behind the others, whatever top_n is', async () => {
    const failures = new Map([
      [2, new HotvecError('empty_input', 'documents[2] is empty.', { param: 'documents[2]' })],
      [0, new HotvecError('input_too_long', 'documents[0] is long.', { param: 'documents[0]' })],
    ]);
    result = ranking([0.1, 0.2], failures);
    const { answer, headers } = await answered({
      query: 'q',
      documents: ['a', 'b', 'c', 'd'],
      on_error: 'partial',
      top_n: 1,
    });
    assert.equal(headers.get('x-failed-inputs'), '2');
    assert.deepEqual(answer.results, [
      { index: 3, relevance_score: 0.200000003 },
      ...[
        [0, 'input_too_long', 'documents[0] is long.'],
        [2, 'empty_input', 'documents[2] is empty.'],
      ].map(([index, code, message]) => ({
        object: 'error',
        index,
        error: { message, type: 'invalid_request_error', param: `documents[${index}]`, code },
      })),
    ]);
    result = ranking([], new Map([...failures].slice(0, 1)));
    const nothing = await answered({ query: 'q', documents: ['a'], on_error: 'partial' });
    assert.equal(nothing.answer.results.length, 1);
  });

  it('counts 100 documents, or part of that, as a search of Cohere', async () => {
    const { answer } = await answered(body);
    assert.deepEqual(answer.meta, { api_version: { version: '1' }, billed_units: { search_units: 1 } });
  });

  const wrongs: [ErrorCode, param: string | null, body: unknown, names: string[]][] = [
    ['invalid_input', null, '[]', ['an array', 'object']],
    ['invalid_input', 'query', { documents: ['a'] }, ['query', 'missing']],
    ['invalid_input', 'query', { ...body, query: ['a'] }, ['query is an array; expected a string']],
    ['invalid_input', 'documents', { query: 'q' }, ['documents', 'missing']],
    ['invalid_input', 'documents', { ...body, documents: null }, ['documents', 'missing']],
    ['invalid_input', 'documents', { ...body, documents: 'a' }, ['documents', 'a string', 'array']],
    ['invalid_input', 'documents', { ...body, documents: { text: 'a' } }, ['documents', 'an object', 'array']],
    ['empty_input', 'documents', { ...body, documents: [] }, ['documents', 'empty']],
    ['too_many_inputs', 'documents', { ...body, documents: Array(5).fill('a') }, ['5', '4']],
    ['invalid_input', 'documents[1]', { ...body, documents: ['a', 7] }, ['a number', 'string']],
    ['invalid_input', 'documents[1]', { ...body, documents: ['a', null] }, ['null', 'string']],
    ['invalid_input', 'documents[0]', { ...body, documents: [['a']] }, ['an array', 'string']],
    ['invalid_input', 'documents[0].text', { ...body, documents: [{}] }, ['documents[0].text is missing']],
    [
      'invalid_input',
      'documents[1].text',
      { ...body, documents: [{ text: 'a' }, { text: 1 }] },
      ['a number', 'a string'],
    ],
    ['unknown_field', 'documents[0]', { ...body, documents: [{ text: 'a', title: 'b' }] }, ['text']],
    ['invalid_input', 'top_n', { ...body, top_n: 0 }, ['top_n', '0', '1']],
    ['invalid_input', 'top_n', { ...body, top_n: -1 }, ['top_n', '-1']],
    ['invalid_input', 'top_n', { ...body, top_n: 1.5 }, ['top_n', '1.5']],
    ['invalid_input', 'max_tokens_per_doc', { ...body, max_tokens_per_doc: 0 }, ['0']],
    ['invalid_input', 'max_chunks_per_doc', { ...body, max_chunks_per_doc: 0 }, ['0', '1']],
    ['invalid_input', 'overlap_tokens', { ...body, overlap_tokens: -1 }, ['-1', '0']],
    ['invalid_input', 'max_tokens_per_query', { ...body, max_tokens_per_query: 64 }, ['64', 'must be 0']],
    ['invalid_input', 'truncation_side', { ...body, truncation_side: 'middle' }, ['right', 'left']],
    ['invalid_input', 'rank_fields[0]', { ...body, rank_fields: ['title'] }, ['rank_fields[0] must be text']],
    ['invalid_input', 'return_embeddings', { ...body, return_embeddings: true }, ['return_embeddings', 'false']],
    ['invalid_input', 'truncate_prompt_tokens', { ...body, truncate_prompt_tokens: 512 }, ['512', '-1']],
    [
      'invalid_input',
      'truncation',
      { ...body, truncate: 'end', truncation: false },
      ['truncate is end', 'truncation is false'],
    ],
    [
      'invalid_input',
      'truncate_prompt_tokens',
      { ...body, truncate: 'error', truncate_prompt_tokens: -1 },
      ['truncate is error', 'truncate_prompt_tokens is -1'],
    ],
    [
      'invalid_input',
      'truncate_prompt_tokens',
      { ...body, truncation: false, truncate_prompt_tokens: -1 },
      ['truncation is false', 'truncate_prompt_tokens is -1'],
    ],
    [
      'invalid_input',
      'truncation_side',
      { ...body, truncate: 'start', truncation_side: 'right' },
      ['truncate is start', 'truncation_side is right'],
    ],
    ['invalid_input', 'truncate', { ...body, truncate: 'left' }, ['truncate', 'start']],
    ['invalid_input', 'instruction', { ...body, instruction: '' }, ['instruction', 'empty']],
    ['invalid_input', 'instruction', { ...body, instruction: '\ud800' }, ['instruction', 'Unicode']],
    ['invalid_input', 'on_error', { ...body, on_error: 'ignore' }, ['fail', 'partial']],
    ['unknown_field', 'dimensions', { ...body, dimensions: 3 }, ['dimensions']],
    ['unknown_field', 'texts', { ...body, texts: ['a'] }, ['texts']],
    [
      'invalid_input',
      'query',
      { documents: ['a'], texts: ['a'], return_text: true, raw_scores: true },
      ['query is missing'],
    ],
    ['unknown_field', 'return_text', { ...body, return_text: true }, ['return_text']],
    ['invalid_input', 'truncate', { ...body, truncate: true }, ['truncate', 'error']],
    ['unknown_field', 'queries', { ...body, queries: ['a'] }, ['queries']],
    ['invalid_input', 'model', { ...body, model: 'stub' }, ['stub', 'embeds', 'rerank']],
    ['model_not_found', 'model', { ...body, model: 'gpt' }, ['stub-reranker']],
    ['model_not_found', 'model', { ...body, model: 'stub-reranker-query' }, ['stub-reranker']],
    ['model_not_found', 'model', { ...body, model: 'stub-reranker-document' }, ['stub-reranker']],
  ];
  for (const [code, param, sent, names] of wrongs) {
    it(`refuses ${JSON.stringify(sent)} as ${code}, and asks the model nothing`, async () => {
      for (const path of ['/v1/rerank', '/rerank']) {
        // There a body without documents may be one for the route's other clients, and the error is theirs.
        if (path === '/rerank' && (sent as Partial<typeof body>).documents == null) continue;
        const response = await send(sent, path);
        const { error } = (await response.json()) as { error: ErrorBody };
        assert.deepEqual(
          [error.code, error.param, response.status],
          [code, param, code === 'model_not_found' ? 404 : 400],
        );
        assertNames(error.message, ...names);
      }
      assert.equal(asked, undefined);
    });
  }

  it('takes null for absent in every optional field', async () => {
    const optional = [
      'model',
      'top_n',
      'return_documents',
      'instruction',
      'raw_scores',
      'max_tokens_per_doc',
      'truncate',
    ];
    const more = [
      'truncation',
      'on_error',
      'truncate_prompt_tokens',
      'rank_fields',
      'max_chunks_per_doc',
      'user',
      'overlap_tokens',
    ];
    const nulls = Object.fromEntries([...optional, ...more, 'return_embeddings'].map((field) => [field, null]));
    assert.equal((await answered({ ...body, ...nulls })).answer.results.length, 3);
  });

  for (const [what, more, documents] of [
    ['the documents that are repeated', { return_documents: true }, ['x'.repeat(9_500)]],
    ['the errors of documents that may fail', { on_error: 'partial' }, Array(30).fill('x')],
  ] as const) {
    it(`takes room for ${what}, before anything is computed`, async () => {
      let calls = 0;
      const small = await buildStubApp({
        config: { maxInflightBytes: 10_000 },
        rerank: () => {
          calls += 1;
          return undefined;
        },
      });
      const post = (fields: object) =>
        small.fetch('/v1/rerank', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ query: 'q', documents, ...fields }),
        });
      const refused = await post(more);
      const { error } = (await refused.json()) as { error: ErrorBody };
      assert.deepEqual([refused.status, error.code, calls], [400, 'too_many_inputs', 0]);
      assert.deepEqual([(await post({})).status, calls], [200, 1]);
      await small.close();
    });
  }
});

describe('A client that leaves while its documents are ranked', () => {
  it('ends the work, and is counted in the phase that it left in', async () => {
    const leave = new AbortController();
    let ended: (() => void) | undefined;
    const wasEnded = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const service = await startStubService({
      rerank: (_, options) => {
        options.onPhase?.('infer');
        setImmediate(() => leave.abort());
        return new Promise((_resolve, reject) => {
          options.signal?.addEventListener('abort', () => {
            ended?.();
            reject(new HotvecError('client_closed_request', 'The client disconnected.'));
          });
        });
      },
    });
    const asked = fetch(`${service.url}/v1/rerank`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: leave.signal,
    });
    await assert.rejects(asked);
    await wasEnded;
    const left = async () => (await readMetrics(service.url)).get('hotvec_cancelled_total{phase="infer"}');
    await until(async () => (await left()) === 1);
    await service.close();
  });
});

describe('A server without a reranker', () => {
  it('says by name what it serves', async () => {
    const stub = await buildStubApp({ hasReranker: false });
    const ask = async (path: string, sent: object) => {
      const headers = { 'content-type': 'application/json' };
      const response = await stub.fetch(path, { method: 'POST', headers, body: JSON.stringify(sent) });
      return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
    };
    for (const path of ['/v1/rerank', '/rerank']) {
      const { status, answer } = await ask(path, body);
      const { code, message } = answer.error as ErrorBody;
      assert.deepEqual([status, code], [400, 'invalid_input']);
      assertNames(message, 'stub', 'embeds texts', 'reranks');
    }
    const tei = await ask('/rerank', { query: 'q', texts: ['a'] });
    assert.deepEqual([tei.status, tei.answer.error_type], [424, 'Backend']);
    const cohere = await ask('/v2/rerank', { model: 'stub', query: 'q', documents: ['a'] });
    assert.deepEqual([cohere.status, Object.keys(cohere.answer)], [400, ['id', 'message']]);
    await stub.close();
  });
});
