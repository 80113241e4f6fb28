import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { countNeeded } from '../../src/tasks/reranking/pipeline-reranker.ts';
import { embed, errorOf, goldenTexts, succeed, vectorsOf } from '../http/answers.ts';
import { largestDifference } from '../support/difference.ts';
import { startEmbedderAndReranker } from '../support/embedder-and-reranker.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type ReferencePair, referencePairs, rerankerFolders } from '../support/reranker-references.ts';
import type { RunningService } from '../support/running-service.ts';

const TOLERANCE = 2e-6;
const FOLDER = 'causal-plain';
/** Of a pair. One of the references is cut to it. */
const LIMIT = 264;
const pairs = referencePairs(FOLDER);
const whole = pairs.filter(({ maxTokens, ids }) => maxTokens === null && ids.length <= LIMIT);
/** Pairs of one request: those with the same query and instruction. */
const queries = new Set(whole.map(keyOf));
const requests = [...queries].map((key) => whole.filter((pair) => keyOf(pair) === key));
const cut = pairs.filter(({ query, instruction, maxTokens }) => {
  return query === 'Explain gravity' && instruction === null && maxTokens !== null;
});

function keyOf({ query, instruction }: ReferencePair): string {
  return JSON.stringify([query, instruction]);
}

interface Ranking {
  results: { index: number; relevance_score: number; document?: { text: string }; truncated?: true; tokens?: number }[];
  usage: { total_tokens: number; computed_tokens: number; shared_tokens: number };
}

describe('A reranker over HTTP, beside an embedding model', () => {
  let service: RunningService;
  before(async () => {
    assert.ok(whole.length >= 15 && cut.length >= 3);
    service = await startEmbedderAndReranker({
      starter: {},
      reranker: {
        model: path.join(rerankerFolders, FOLDER),
        served_model_name: 'reranker',
        task: 'rerank',
        max_input_tokens: LIMIT,
        // The pairs of a request fit into one batch.
        max_batch_tokens: 1024,
      },
    });
  });
  after(() => service.close());

  const bodyOf = (asked: readonly ReferencePair[]) => ({
    query: asked[0]?.query,
    instruction: asked[0]?.instruction,
    documents: asked.map(({ document }) => document),
  });
  const rank = async (body: object) => (await succeed<Ranking>(service, '/v1/rerank', body)).answer;
  const assertScores = ({ results }: Ranking, asked: readonly ReferencePair[]) => {
    assert.equal(results.length, asked.length);
    for (const { index, relevance_score } of results) {
      const { query, document, score } = asked[index] as ReferencePair;
      assert.ok(
        Math.abs(relevance_score - score) <= TOLERANCE,
        `${query} × ${document}: ${relevance_score}, not ${score}`,
      );
    }
    const scores = results.map(({ relevance_score }) => relevance_score);
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a),
    );
  };

  it('gives the scores of PyTorch, one document at a time', async () => {
    for (const pair of whole) assertScores(await rank(bodyOf([pair])), [pair]);
  });

  it('gives the same with other documents, best first, and to many at once, while texts are embedded', async () => {
    assert.ok(requests.some((asked) => asked.length >= 2));
    const vectors = goldenTexts.slice(0, 8);
    const [embedded] = await Promise.all([
      embed(service, { model: 'starter', input: vectors.map(({ text }) => text) }),
      ...[...requests, ...requests].map(async (asked) => assertScores(await rank(bodyOf(asked)), asked)),
    ]);
    for (const [i, vector] of vectorsOf(embedded).entries()) {
      assert.ok(largestDifference(vector, vectors[i]?.vector as number[]) < TOLERANCE);
    }
  });

  it('reads what the model has in common of all pairs once, and says so', async () => {
    const asked = requests.find((some) => some.length >= 2) as ReferencePair[];
    const { usage } = await rank(bodyOf(asked));
    const total = asked.reduce((sum, { ids }) => sum + ids.length, 0);
    const needed = countNeeded(
      asked.map(({ ids }) => Int32Array.from(ids)),
      true,
    );
    assert.deepEqual([usage.total_tokens, usage.computed_tokens], [total, needed]);
    assert.equal(usage.shared_tokens, total - needed);
    const repeated = await rank({ ...bodyOf(asked), documents: Array(5).fill(asked[0]?.document) });
    assert.equal(repeated.usage.computed_tokens, asked[0]?.ids.length);
    assert.equal(new Set(repeated.results.map(({ relevance_score }) => relevance_score)).size, 1);
  });

  it('refuses a pair that is too long, or cuts the document, as PyTorch was given it', async () => {
    const long = cut.find(({ maxTokens }) => maxTokens === LIMIT) as ReferencePair;
    const refused = await service.post('/v1/rerank', bodyOf([whole[0] as ReferencePair, long]));
    const { code, param } = await errorOf(refused);
    assert.deepEqual([refused.status, code, param], [400, 'input_too_long', 'documents[1]']);
    for (const truncate of ['end', 'END']) {
      const { answer, headers } = await succeed<Ranking>(service, '/v1/rerank', { ...bodyOf([long]), truncate });
      assertScores(answer, [long]);
      assert.deepEqual([answer.results[0]?.truncated, answer.results[0]?.tokens], [true, LIMIT]);
      assert.equal(headers.get('x-truncated-inputs'), '1');
    }
    // One of the references has a document of one token: what is not a token of a document is in every pair.
    const around = (whole.find(({ query, document }) => query === long.query && document === 'x')?.ids.length ?? 0) - 1;
    for (const pair of cut.filter(({ document }) => document === long.document)) {
      const max_tokens_per_doc = (pair.maxTokens as number) - around;
      assertScores(await rank({ ...bodyOf([pair]), max_tokens_per_doc }), [pair]);
    }
  });

  it('ranks what can be scored, and says of the rest why it cannot', async () => {
    const [pair] = whole as [ReferencePair];
    const long = 'word '.repeat(LIMIT);
    const documents = ['', pair.document, long, 'half \ud83d'];
    const { answer, headers } = await succeed<Ranking>(service, '/v1/rerank', {
      query: pair.query,
      documents,
      on_error: 'partial',
    });
    assert.equal(headers.get('x-failed-inputs'), '3');
    const [best, ...failed] = answer.results;
    assert.equal(best?.index, 1);
    assert.ok(Math.abs((best?.relevance_score ?? 0) - pair.score) <= TOLERANCE);
    assert.deepEqual(
      (failed as unknown as { index: number; error: { code: string; param: string } }[]).map(({ index, error }) => [
        index,
        error.code,
        error.param,
      ]),
      [
        [0, 'empty_input', 'documents[0]'],
        [2, 'input_too_long', 'documents[2]'],
        [3, 'invalid_input', 'documents[3]'],
      ],
    );
    assert.equal(answer.usage.total_tokens, pair.ids.length);
    for (const [at, code] of [
      [0, 'empty_input'],
      [2, 'input_too_long'],
      [3, 'invalid_input'],
    ] as const) {
      const alone = await errorOf(await service.post('/v1/rerank', { query: pair.query, documents: [documents[at]] }));
      assert.deepEqual([alone.code, alone.param], [code, 'documents[0]']);
    }
  });

  it('refuses a query that is empty, not Unicode, or leaves no room', async () => {
    for (const [query, code] of [
      ['', 'empty_input'],
      ['half \ud83d', 'invalid_input'],
      ['word '.repeat(LIMIT), 'input_too_long'],
    ]) {
      for (const more of [{}, { truncate: 'end' }, { on_error: 'partial', truncate: 'end' }]) {
        const response = await service.post('/v1/rerank', { query, documents: ['x'], ...more });
        const error = await errorOf(response);
        assert.deepEqual([response.status, error.code, error.param], [400, code, 'query'], JSON.stringify(more));
      }
    }
  });

  it('gives the same scores, to the bit, in the shapes of other services, and before the activation', async () => {
    const asked = requests.find((some) => some.length >= 2) as ReferencePair[];
    const { query, documents } = bodyOf(asked);
    const ours = (await rank({ query, documents, return_documents: true })).results;
    const tei = await succeed<{ index: number; score: number; text: string }[]>(service, '/rerank', {
      query,
      texts: documents,
      return_text: true,
    });
    assert.deepEqual(
      tei.answer.map(({ index, score, text }) => ({ index, relevance_score: score, document: { text } })),
      ours,
    );
    const cohere = await succeed<Ranking>(service, '/v2/rerank', {
      model: 'reranker',
      query,
      documents,
      top_n: 1,
      return_documents: true,
    });
    assert.deepEqual(cohere.answer.results, ours.slice(0, 1));
    const raw = await rank({ query, documents, raw_scores: true });
    for (const { index, relevance_score } of raw.results) {
      const { logit } = asked[index] as ReferencePair;
      assert.ok(Math.abs(relevance_score - logit) <= 1e-5 * Math.max(1, Math.abs(logit)));
    }
  });

  it('cuts documents where Cohere and text-embeddings-inference do, and never refuses them', async () => {
    const long = cut.find(({ maxTokens }) => maxTokens === LIMIT) as ReferencePair;
    const { query, documents } = bodyOf([long]);
    const cohere = await succeed<Ranking>(service, '/v2/rerank', { model: 'reranker', query, documents });
    assertScores(cohere.answer, [long]);
    const tei = await succeed<{ score: number }[]>(service, '/rerank', { query, texts: documents });
    assert.ok(Math.abs((tei.answer[0]?.score ?? 0) - long.score) <= TOLERANCE);
    assert.deepEqual([cohere.headers.get('x-truncated-inputs'), tei.headers.get('x-truncated-inputs')], ['1', '1']);
    const refused = await service.post('/rerank', { query, texts: documents, truncate: false });
    assert.equal(refused.status, 422);
  });

  it('is asked for by its own routes only, and counts its own work', async () => {
    const before = await readMetrics(service.url);
    await rank(bodyOf([whole[0] as ReferencePair]));
    const rose = async (name: string) => {
      const key = `hotvec_${name}{model="reranker"}`;
      return ((await readMetrics(service.url)).get(key) ?? 0) - (before.get(key) ?? 0);
    };
    assert.deepEqual([await rose('inputs_total'), await rose('tokens_total')], [1, whole[0]?.ids.length]);
    assert.match(service.log(), /"route":"\/v1\/rerank","model":"reranker","status":200/);
    for (const [route, body] of [
      ['/v1/embeddings', { input: 'x' }],
      ['/v1/similarity', { queries: 'x', documents: 'y' }],
      ['/v1/tokenize', { input: 'x' }],
      ['/api/embed', { input: 'x' }],
      ['/v2/embed', { texts: ['x'], input_type: 'search_query' }],
    ] as const) {
      const response = await service.post(route, { model: 'reranker', ...body });
      assert.equal(response.status, 400, route);
      assert.match(await response.text(), /reranker reranks documents/, route);
    }
    const tags = (await (await fetch(`${service.url}/api/tags`)).json()) as { models: { name: string }[] };
    assert.deepEqual(
      tags.models.map(({ name }) => name),
      ['starter:latest'],
    );
  });
});
