import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { LARGE_BODY_BYTES } from '../../../../src/http/body/large-bodies.ts';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { golden } from '../../../support/starter.ts';
import { type EmbeddingsAnswer, embed, errorOf, type SimilarityAnswer, succeed } from '../../answers.ts';

const { queries, documents } = golden.similarity;
const SIZE = 256;
const unit = Array.from({ length: SIZE }, (_, i) => (i === 0 ? 1 : 0));

describe('POST /v1/similarity with vectors', () => {
  let service: RunningService;
  let floats: EmbeddingsAnswer['data'];
  let base64: EmbeddingsAnswer['data'];
  let scores: number[][];
  before(async () => {
    service = await startService();
    floats = (await embed(service, { input: documents })).data;
    base64 = (await embed(service, { input: documents, encoding_format: 'base64' })).data;
    scores = (await score({ queries, documents })).scores;
  });
  after(() => service.close());

  const score = async (body: object) => (await succeed<SimilarityAnswer>(service, '/v1/similarity', body)).answer;
  const assertScores = (actual: number[][], wanted: number[][]) => {
    assert.deepEqual(
      [actual.length, ...actual.map(({ length }) => length)],
      [wanted.length, ...wanted.map(({ length }) => length)],
    );
    for (const [i, value] of actual.flat().entries()) assert.ok(Math.abs(value - (wanted.flat()[i] as number)) < 2e-6);
  };

  it('takes numbers, items of an answer and texts for the same thing, mixed', async () => {
    const mixed = documents.map((text, i) => [text, floats[i]?.embedding, floats[i], base64[i]][i % 4]);
    assertScores((await score({ queries, documents: mixed })).scores, scores);
    assertScores((await score({ queries, documents: base64 })).scores, scores);
    const asQueries = await score({ queries: documents, documents: queries, query_input_type: 'document' });
    const swapped = await score({ queries: mixed, documents: queries, query_input_type: 'document' });
    assertScores(swapped.scores, asQueries.scores);
  });

  it('takes one vector where it takes one text', async () => {
    const wanted = scores.map((row) => [row[0] as number]);
    for (const one of [floats[0]?.embedding, floats[0], base64[0]]) {
      assertScores((await score({ queries, documents: one })).scores, wanted);
    }
  });

  it('counts the tokens of the texts alone, and none where there are none', async () => {
    const ofQueries = (await embed(service, { input: queries, input_type: 'query' })).usage.total_tokens;
    assert.equal((await score({ queries, documents: floats })).usage.total_tokens, ofQueries);
    const { answer, headers } = await succeed<SimilarityAnswer>(service, '/v1/similarity', {
      queries: [[3, 4]],
      documents: [[3, 4], [4, -3], { embedding: [-6, -8] }],
    });
    assertScores(answer.scores, [[1, 0, -1]]);
    assert.deepEqual(answer.usage, { prompt_tokens: 0, total_tokens: 0 });
    assert.match(headers.get('x-embedding-fingerprint') ?? '', /^[0-9a-f]{16}$/);
  });

  it('compares vectors as they are, in every metric', async () => {
    const pair = { queries: [[1, 2]], documents: [[3, -4]] };
    for (const [metric, wanted] of [
      ['dot', -5],
      ['euclidean', -Math.sqrt(40)],
      ['manhattan', -8],
      ['cosine', -5 / Math.sqrt(125)],
    ] as const) {
      assertScores((await score({ ...pair, metric })).scores, [[wanted]]);
    }
  });

  it('compares at the size of dimensions, which the vectors must have', async () => {
    const { data } = await embed(service, { input: documents, dimensions: 32 });
    const wanted = await score({ queries, documents, dimensions: 32 });
    assertScores((await score({ queries, documents: data, dimensions: 32 })).scores, wanted.scores);
  });

  it('repeats texts in results, and no vectors', async () => {
    const mixed = [documents[0], floats[1]];
    const { results } = await score({ queries: queries[0], documents: mixed, top_k: 2, return_documents: true });
    const byIndex = [...(results?.[0] ?? [])].sort((a, b) => a.index - b.index);
    assert.deepEqual(
      byIndex.map((result) => ['document' in result, result.document]),
      [
        [true, documents[0]],
        [false, undefined],
      ],
    );
  });

  it('reads a large body of them as a small one', async () => {
    const bodies = [
      { queries: [[1, 2], 'a'].slice(0, 1), documents: [[3, 4], { embedding: [5, 6], index: 1 }] },
      { queries: [1, 2], documents: { embedding: [3, 4] } },
      { queries, documents: floats },
      { queries: [], documents: floats },
      { queries: [[1, 'a']], documents: floats },
    ];
    for (const body of bodies) {
      const text = JSON.stringify(body);
      const [small, large] = await Promise.all(
        [text, text + ' '.repeat(LARGE_BODY_BYTES)].map(async (one) => {
          const response = await service.post('/v1/similarity', one);
          return [response.status, await response.text()];
        }),
      );
      assert.deepEqual(large, small);
    }
  });

  it('refuses invalid and incomparable vectors, naming the item', async () => {
    const nan = Buffer.from(Float32Array.of(Number.NaN, 1).buffer).toString('base64');
    const bodies: [object, string, string, RegExp][] = [
      [{ queries, documents: [unit, [1, 2]] }, 'invalid_dimensions', 'documents[1]', /2 components; expected 256/],
      [{ queries: [[1, 2]], documents: [[1, 2, 3]] }, 'invalid_dimensions', 'documents[0]', /like queries\[0\]/],
      [{ queries: unit, documents: [unit], dimensions: 32 }, 'invalid_dimensions', 'queries', /expected 32/],
      [{ queries, documents: [floats[0]], dimensions: 32 }, 'invalid_dimensions', 'documents[0]', /expected 32/],
      [{ queries: [[0, 0]], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /zeros, which has no direction/],
      [{ queries: [[1e-60, 0]], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /no direction/],
      [{ queries: [[1e39, 0]], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /not finite as a 32-bit float/],
      [{ queries: [{ embedding: nan }], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /finite/],
      [{ queries: [{ embedding: 'AAA=' }], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /not base64/],
      [{ queries: [{ embedding: 'not base64!' }], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /not base64/],
      [{ queries: [{ embedding: 'AACA*Pw==' }], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /not base64/],
      [{ queries: [{ embedding: '' }], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /not base64/],
      [{ queries: [{}], documents: [[1, 2]] }, 'invalid_input', 'queries[0]', /has no embedding/],
      [
        { queries: ['a', { object: 'error', index: 1, error: {} }], documents: 'b' },
        'invalid_input',
        'queries[1]',
        /no emb/,
      ],
      [
        { queries: ['a', { embedding: [1], id: 7 }], documents: 'b' },
        'invalid_input',
        'queries[1]',
        /has an unknown field/,
      ],
      [
        { queries: [{ embedding: [1], index: 'x' }], documents: 'b' },
        'invalid_input',
        'queries[0]',
        /has a string as index/,
      ],
      [{ queries: ['a', { embedding: [] }], documents: 'b' }, 'invalid_input', 'queries[1]', /has no numbers/],
      [{ queries: ['a', []], documents: 'b' }, 'invalid_input', 'queries[1]', /has no numbers/],
      [{ queries: ['a', 5], documents: 'b' }, 'invalid_input', 'queries[1]', /is a number/],
      [{ queries: ['a', [1, 'x']], documents: 'b' }, 'invalid_input', 'queries[1]', /has a string at position 1/],
      [{ queries: [1, null], documents: 'b' }, 'invalid_input', 'queries', /has null at position 1/],
      [{ queries: 'a', documents: ['b', ''] }, 'empty_input', 'documents[1]', /empty/],
      [{ queries: [[1e30, 0]], documents: [[1e30, 0]], metric: 'dot' }, 'invalid_input', 'metric', /metric makes/],
    ];
    for (const [body, code, param, message] of bodies) {
      const response = await service.post('/v1/similarity', body);
      const error = await errorOf(response);
      assert.deepEqual([response.status, error.code, error.param], [400, code, param], JSON.stringify(error));
      assert.match(error.message, message);
    }
  });

  it('refuses vectors of another space, where the request says which it expects', async () => {
    const vectors = { queries: unit, documents: [unit] };
    const response = await service.post('/v1/similarity', vectors, { 'x-expect-fingerprint': 'another' });
    assert.equal(response.status, 409);
    assert.equal((await errorOf(response)).code, 'fingerprint_mismatch');
  });
});
