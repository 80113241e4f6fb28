import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { extent } from '../../soak/extent.ts';
import { reportFigure } from '../../soak/report-figure.ts';
import { startEmbedderAndReranker } from '../../support/embedder-and-reranker.ts';
import type { RunningService } from '../../support/running-service.ts';
import type { EmbeddingsAnswer, SimilarityAnswer } from '../answers.ts';
import { type OpenapiDocument, operationById, responseOf, validatorOf } from '../openapi/openapi-document.ts';
import { anyBody, anyFields, goodRanking } from './arbitrary-body.ts';

const SEED = 20_260_106;
const BODIES = extent(1_500, 10_000);
const FEWER = extent(250, 5_000);
const validateError = validatorOf({ $ref: '#/components/schemas/Error' });
const validators = {
  '/v1/embeddings': successValidator('createEmbeddings'),
  '/v1/similarity': successValidator('createSimilarity'),
};

function successValidator(id: string) {
  const { schema } = responseOf(operationById(id).operation, 200).content['application/json'] as { schema: object };
  return validatorOf(schema);
}

describe('No JSON body makes the service fail', () => {
  let service: RunningService;
  before(async () => {
    // Low limits: the fuzzer meets them, and what is valid is soon computed.
    const entries = { starter: { max_input_tokens: 64 }, reranker: { max_input_tokens: 300 } };
    service = await startEmbedderAndReranker(entries, { maxInputs: 8, maxRequestTokens: 800, maxBodyBytes: 100_000 });
  });
  after(() => service.close());

  it(`${BODIES} bodies: an answer as documented or an error in the envelope, never 5xx (seed ${SEED})`, async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('/v1/embeddings', '/v1/similarity'), anyBody, async (path, body) => {
        const response = await service.post(path, body);
        const text = await response.text();
        assert.ok(response.status < 500, `${response.status}: ${text}`);
        const answer = JSON.parse(text);
        if (response.status === 200) {
          const validate = validators[path];
          assert.equal(validate(answer), null);
          // A byte order mark is accepted (RFC 8259, 8.1), but not by JSON.parse.
          checkCounts(path, JSON.parse(body.replace(/^\ufeff/, '')), answer);
        } else {
          assert.equal(validateError(answer), null, text);
        }
        const outcome = response.status === 200 ? `200 ${path}` : answer.error.code;
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: BODIES, seed: SEED },
    );
    // A fuzzer that only meets one door proves nothing about the others.
    const wanted = [
      '200 /v1/embeddings',
      '200 /v1/similarity',
      'invalid_json',
      'invalid_input',
      'empty_input',
      'unknown_field',
    ];
    const limits = [
      'too_many_inputs',
      'input_too_long',
      'invalid_token_id',
      'invalid_dimensions',
      'invalid_encoding_format',
    ];
    for (const outcome of [...wanted, ...limits, 'body_too_large', 'model_not_found']) {
      assert.ok((seen.get(outcome) ?? 0) >= 3, `${outcome}: ${JSON.stringify([...seen])}`);
    }
    assert.equal((await service.post('/v1/embeddings', { input: 'alive' })).status, 200);
    reportFigure('fuzz_5xx', 0, `${BODIES} bodies, seed ${SEED}`);
  });

  it(`${FEWER} bodies over every other POST route that the running service has: never 5xx (seed ${SEED})`, async () => {
    const { paths, components } = (await (await fetch(`${service.url}/openapi.json`)).json()) as OpenapiDocument;
    const routes = Object.entries(paths).flatMap(([path, { post }]) => {
      type Reference = { $ref?: string };
      const schema = (post?.requestBody?.content['application/json']?.schema ?? {}) as Reference & {
        anyOf?: Reference[];
      };
      const fields = (schema.anyOf ?? [schema]).flatMap(({ $ref = '' }) => {
        const form = components.schemas[$ref.split('/').at(-1) ?? ''] as { properties?: object } | undefined;
        return Object.keys(form?.properties ?? {});
      });
      return post === undefined ? [] : [{ path, fields }];
    });
    const others = routes.filter(({ path }) => !(path in validators));
    assert.ok(routes.length >= 2);
    if (others.length === 0) return;
    const ranking = '/v1/rerank';
    const validateRanking = successValidator('createRerank');
    const request = fc
      .constantFrom(...others)
      .chain(({ path, fields }) =>
        fc.tuple(
          fc.constant(path),
          fc.oneof(anyBody, anyFields(fields), ...(path === ranking ? [goodRanking, goodRanking] : [])),
        ),
      );
    const statuses = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(request, async ([path, body]) => {
        const { status } = await service.post(path, body).then(async (response) => {
          const text = await response.text();
          assert.ok(response.status < 500, `${path} ${response.status}: ${text}`);
          if (response.status === 200 && path === ranking) assert.equal(validateRanking(JSON.parse(text)), null);
          return response;
        });
        const outcome = `${status} ${path}`;
        statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
      }),
      { numRuns: FEWER, seed: SEED },
    );
    // A dialect may have another status for bodies that violate its schema.
    assert.ok((statuses.get(`200 ${ranking}`) ?? 0) >= 3, JSON.stringify([...statuses]));
    // A route for forms refuses JSON as such.
    const isRefused = (path: string) => [400, 415, 422].some((status) => statuses.has(`${status} ${path}`));
    for (const { path } of others) assert.ok(isRefused(path), JSON.stringify([...statuses]));
  });
});

/** One vector an input, one score a pair; no NaN hides in them, for JSON has none. */
function checkCounts(
  path: string,
  body: Record<string, unknown>,
  answer: Omit<EmbeddingsAnswer & Pick<SimilarityAnswer, 'scores'>, 'object'>,
): void {
  const count = (value: unknown) => (Array.isArray(value) && typeof value[0] !== 'number' ? value.length : 1);
  if (path === '/v1/embeddings') {
    const dimensions = (body.dimensions as number | null) ?? 256;
    assert.equal(answer.data.length, count(body.input));
    for (const [i, { index, embedding }] of answer.data.entries()) {
      assert.equal(index, i);
      const length = typeof embedding === 'string' ? Buffer.from(embedding, 'base64').length / 4 : embedding.length;
      assert.equal(length, dimensions);
    }
  } else {
    assert.equal(answer.scores.length, count(body.queries));
    for (const row of answer.scores) assert.equal(row.length, count(body.documents));
  }
}
