import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { golden } from '../../../support/starter.ts';
import { embed, errorOf, type SimilarityAnswer, succeed, vectorsOf } from '../../answers.ts';

/** Golden scores have seven decimals; unit vectors within 2e-6 a component give cosines far closer than this. */
const TOLERANCE = 2e-6;
const { queries, documents, scores: goldenScores } = golden.similarity;

type Vector = ArrayLike<number>;
const sum = (a: Vector, b: Vector, term: (x: number, y: number) => number) =>
  Array.from(a).reduce((total, x, i) => total + term(x, b[i] as number), 0);
const dot = (a: Vector, b: Vector) => sum(a, b, (x, y) => x * y);
/** The formulas as a textbook has them. */
const formulas = {
  cosine: (a: Vector, b: Vector) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
  dot,
  euclidean: (a: Vector, b: Vector) => -Math.sqrt(sum(a, b, (x, y) => (x - y) ** 2)),
  manhattan: (a: Vector, b: Vector) => -sum(a, b, (x, y) => Math.abs(x - y)),
};

describe('POST /v1/similarity', () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  const score = async (body: object) => (await succeed<SimilarityAnswer>(service, '/v1/similarity', body)).answer;
  const assertScores = (actual: number[][], wanted: number[][], tolerance = TOLERANCE) => {
    assert.deepEqual(
      actual.map((row) => row.length),
      wanted.map((row) => row.length),
    );
    for (const [i, row] of wanted.entries()) {
      for (const [j, value] of row.entries()) {
        const difference = Math.abs((actual[i]?.[j] as number) - value);
        assert.ok(difference <= tolerance, `[${i}][${j}] is off by ${difference}`);
      }
    }
  };

  it('gives the matrix of the reference: queries with the query prompt, documents bare', async () => {
    const answer = await score({ queries, documents });
    assertScores(answer.scores, goldenScores);
    assert.deepEqual(Object.keys(answer), ['object', 'scores', 'model', 'usage']);
    assert.equal(answer.object, 'similarity');
    assertScores(
      (await score({ queries, documents, query_input_type: 'query', document_input_type: 'passage' })).scores,
      goldenScores,
    );
    const nulls = { instruction: null, metric: null, top_k: null, scale: null, return_documents: null, model: null };
    assertScores((await score({ queries, documents, ...nulls })).scores, goldenScores);
  });

  it('repeats the reference script: the right document for each Chinese query, percentages with scale 100', async () => {
    const body = { queries: queries.slice(2), documents: documents.slice(2), scale: 100, top_k: 1 };
    assert.deepEqual(body.queries, ['中国的首都是什么？', '解释一下重力是什么？']);
    const answer = await score(body);
    assert.deepEqual(
      answer.results?.map(([best]) => best?.index),
      [0, 1],
    );
    assertScores(
      answer.scores,
      goldenScores.slice(2).map((row) => row.slice(2).map((value) => value * 100)),
      100 * TOLERANCE,
    );
  });

  for (const [metric, formula] of Object.entries(formulas)) {
    it(`scores ${metric} as computed from the vectors of /v1/embeddings`, async () => {
      for (const dimensions of [null, 32]) {
        const a = vectorsOf(await embed(service, { input: queries, input_type: 'query', dimensions }));
        const b = vectorsOf(await embed(service, { input: documents.slice(0, 3), dimensions }));
        const wanted = a.map((query) => b.map((document) => formula(query, document)));
        const answer = await score({ queries, documents: documents.slice(0, 3), metric, dimensions });
        assertScores(answer.scores, wanted, 1e-5);
      }
    });
  }

  it('uses the prompts it is told to use', async () => {
    const bare = await score({ queries, documents, query_input_type: 'document' });
    const a = vectorsOf(await embed(service, { input: queries }));
    const b = vectorsOf(await embed(service, { input: documents }));
    assertScores(
      bare.scores,
      a.map((query) => b.map((document) => formulas.cosine(query, document))),
    );
    const instruction = 'Translate';
    const told = vectorsOf(await embed(service, { input: queries, instruction }));
    assertScores(
      (await score({ queries, documents, instruction })).scores,
      told.map((query) => b.map((document) => formulas.cosine(query, document))),
    );
    const both = await score({
      queries: documents,
      documents,
      query_input_type: 'query',
      document_input_type: 'query',
    });
    for (const [i, row] of both.scores.entries()) assert.ok(Math.abs((row[i] as number) - 1) < 1e-6);
  });

  it('takes single texts and any N × M, and never leaves [−1, 1] with cosine', async () => {
    for (const [n, m] of [
      [1, 1],
      [1, 7],
      [7, 1],
      [5, 3],
    ] as const) {
      const texts = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);
      const { scores } = await score({ queries: texts(n), documents: texts(m), query_input_type: 'document' });
      assert.deepEqual([scores.length, ...scores.map((row) => row.length)], [n, ...Array(n).fill(m)]);
      assert.ok(scores.flat().every((value) => value >= -1 && value <= 1));
    }
    const [query, document] = [queries[0] as string, documents[0] as string];
    assertScores((await score({ queries: query, documents: document })).scores, [[goldenScores[0]?.[0] as number]]);
  });

  it('sorts results best first, top_k of them, each the score of the matrix', async () => {
    for (const top_k of [1, 3, 4, 99]) {
      const { scores, results } = await score({ queries, documents, top_k });
      for (const [i, best] of (results ?? []).entries()) {
        const row = scores[i] as number[];
        const order = [...row.keys()].sort((a, b) => (row[b] as number) - (row[a] as number)).slice(0, top_k);
        assert.deepEqual(
          best,
          order.map((index) => ({ index, score: row[index] })),
        );
      }
      assert.equal(results?.length, queries.length);
    }
  });

  it('keeps the order of documents of equal score, and repeats their texts where asked', async () => {
    const same = ['b', 'a', 'b', 'a', 'b'];
    const { results } = await score({
      queries: 'b',
      documents: same,
      query_input_type: 'document',
      top_k: 5,
      return_documents: true,
    });
    assert.deepEqual(
      results?.[0]?.map(({ index, document }) => [index, document]),
      [
        [0, 'b'],
        [2, 'b'],
        [4, 'b'],
        [1, 'a'],
        [3, 'a'],
      ],
    );
  });

  it('counts the tokens of both sides, prompts included', async () => {
    const { usage } = await score({ queries, documents });
    const ofQueries = (await embed(service, { input: queries, input_type: 'query' })).usage.total_tokens;
    const ofDocuments = (await embed(service, { input: documents })).usage.total_tokens;
    assert.deepEqual(usage, { prompt_tokens: ofQueries + ofDocuments, total_tokens: ofQueries + ofDocuments });
  });

  it('refuses what cannot be scored, naming the field', async () => {
    const big = 'x'.repeat(1_000_000);
    const bodies: [object, string, string][] = [
      [{ queries }, 'invalid_input', 'documents'],
      [{ queries: [], documents }, 'empty_input', 'queries'],
      [{ queries, documents: ['a', ''] }, 'empty_input', 'documents[1]'],
      [{ queries: ['a', '\ud800'], documents }, 'invalid_input', 'queries[1]'],
      [{ queries, documents, instruction: '\udfff' }, 'invalid_input', 'instruction'],
      [{ queries: [[1, 2]], documents }, 'invalid_dimensions', 'queries[0]'],
      [{ queries: Array(1025).fill('a'), documents: Array(1024).fill('a') }, 'too_many_inputs', 'documents'],
      [{ queries, documents, scale: 1e39 }, 'invalid_input', 'scale'],
      [{ queries, documents, top_k: 0 }, 'invalid_input', 'top_k'],
      [{ queries, documents, dimensions: 31 }, 'invalid_dimensions', 'dimensions'],
      // 2,000 × 4 MB: more than a string can hold, from a body of 4 MB.
      [
        {
          queries: Array(2000).fill('a'),
          documents: Array(4).fill(big),
          top_k: 4,
          return_documents: true,
          truncate: 'end',
        },
        'invalid_input',
        'return_documents',
      ],
    ];
    for (const [body, code, param] of bodies) {
      const response = await service.post('/v1/similarity', body);
      const error = await errorOf(response);
      assert.deepEqual([response.status, error.code, error.param], [400, code, param]);
    }
  });
});
