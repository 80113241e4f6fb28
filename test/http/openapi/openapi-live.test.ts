import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ErrorCode, HotvecError } from '../../../src/errors.ts';
import { LARGE_BODY_BYTES } from '../../../src/http/body/large-bodies.ts';
import type { EmbedInput } from '../../../src/tasks/embedding/embedder.ts';
import { batchFolder } from '../../support/batches.ts';
import { startEmbedderAndReranker } from '../../support/embedder-and-reranker.ts';
import type { RunningService } from '../../support/running-service.ts';
import { golden } from '../../support/starter.ts';
import { type Call, dialectCalls } from '../dialects/provoked-answers.ts';
import { type StubService, startStubService } from '../stub-service.ts';
import {
  failingBatches,
  seedBatches,
  seededCalls,
  stalledCalls,
  switchedOffCalls,
  withoutKeyCalls,
} from './batch-calls.ts';
import { operations, responseOf, validatorOf } from './openapi-document.ts';

/** A body that begins and does not go on. */
const STALLED = {};
function stalledBody(): ReadableStream {
  return new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(LARGE_BODY_BYTES + 1)) });
}

const failing = (code: ErrorCode): unknown => ({ input: 'x', queries: 'x', documents: 'x', instruction: code });
/** Errors of the machinery: the stub throws what the instruction names. */
const workFailures = (path: string, shape: (body: unknown) => unknown): Record<number, Call[]> => ({
  408: [[path, STALLED]],
  429: [
    [path, shape(failing('overloaded'))],
    [path, shape(failing('key_share_exceeded'))],
  ],
  500: [
    [path, shape(failing('non_finite_output'))],
    [path, shape(failing('inference_failed'))],
  ],
  503: [
    [path, shape(failing('not_ready'))],
    [path, shape(failing('engine_restarting'))],
  ],
  504: [[path, shape(failing('deadline_exceeded'))]],
});
const embeddingsShape = (body: unknown) => ({ ...(body as object), queries: null, documents: null });
const similarityShape = (body: unknown) => ({ ...(body as object), input: null });

const ids = golden.texts.slice(0, 2).map((text) => text.ids);
const embeddings = '/v1/embeddings';
const similarity = '/v1/similarity';
const tokenize = '/v1/tokenize';
const rerank = '/v1/rerank';
const ranked = { query: 'q', documents: ['x', { text: 'y' }] };
const pair = { queries: ['a', 'b'], documents: ['c', 'd', 'e'] };

/** How each documented answer is provoked: operation, status, requests. `real` by the starter, the rest by a stub. */
const real: Record<string, Record<number, Call[]>> = {
  createEmbeddings: {
    200: [
      [embeddings, { input: 'x' }],
      [embeddings, { input: ['x', 'y'], encoding_format: 'base64', dimensions: 64 }],
      [embeddings, { input: ids, encoding_format: 'float', model: 'starter', normalize: false, user: 'u' }],
      [embeddings, { input: ids[0], encoding_format: null, input_type: null, truncate: 'end' }],
      [embeddings, { input: ['x', 'word '.repeat(600)], truncate: 'end' }],
      [embeddings, { input: ['x', '', 'word '.repeat(600)], on_error: 'partial' }],
      [embeddings, { input: 'x', output_dtype: 'int8' }],
      [embeddings, { input: 'x', output_dtype: 'ubinary', encoding_format: 'base64' }],
    ],
    400: [
      [embeddings, '{'],
      [embeddings, []],
      [embeddings, { input: '' }],
      [embeddings, { input: [1e9] }],
      [embeddings, { input: 'x', nonsense: 1 }],
      [embeddings, { input: 'x', dimensions: 1 }],
      [embeddings, { input: 'x', encoding_format: 'int8' }],
      [embeddings, { input: 'x', output_dtype: 'int4' }],
      [embeddings, { input: 'x', output_dtype: 'uint8', normalize: false }],
      [embeddings, { input: 'x', on_error: 'ignore' }],
      [embeddings, { input: 'x' }, { 'x-deadline-ms': 'soon' }],
      [embeddings, { input: 'x' }, { 'x-priority': 'high' }],
    ],
    404: [[embeddings, { input: 'x', model: 'gpt' }]],
    409: [[embeddings, { input: 'x' }, { 'x-expect-fingerprint': 'another' }]],
    413: [[embeddings, { input: 'x'.repeat(9000) }]],
    415: [[embeddings, 'input=x', { 'content-type': 'text/plain' }]],
  },
  createSimilarity: {
    200: [
      [similarity, pair],
      [similarity, { queries: 'a', documents: 'b', metric: 'euclidean', scale: 100 }],
      [similarity, { ...pair, top_k: 2 }],
      [similarity, { ...pair, top_k: 9, return_documents: true, dimensions: 32 }],
    ],
    400: [
      [similarity, {}],
      [similarity, { ...pair, metric: 'hamming' }],
      [similarity, { ...pair, scale: 1e300 }],
    ],
    404: [[similarity, { ...pair, model: 'gpt' }]],
    409: [[similarity, pair, { 'x-expect-fingerprint': 'another' }]],
    413: [[similarity, { ...pair, queries: 'x'.repeat(9000) }]],
    415: [[similarity, 'x', { 'content-type': 'text/plain' }]],
  },
  tokenize: {
    200: [
      [tokenize, { input: 'x' }],
      [tokenize, { input: ['x', 'word '.repeat(600)], input_type: 'query', truncate: 'start' }],
      [tokenize, { input: 'word '.repeat(600), model: 'alias' }],
    ],
    400: [
      [tokenize, {}],
      [tokenize, { input: [1, 2] }],
      [tokenize, { input: ['x', ''] }],
      [tokenize, { input: 'x', dimensions: 32 }],
    ],
    404: [[tokenize, { input: 'x', model: 'gpt' }]],
    413: [[tokenize, { input: 'x'.repeat(9000) }]],
    415: [[tokenize, 'input=x', { 'content-type': 'text/plain' }]],
  },
  createRerank: {
    200: [
      [rerank, ranked],
      [rerank, { ...ranked, model: 'starter-reranker', top_n: 1, return_documents: true, user: 'u' }],
      [rerank, { query: 'q', documents: ['x', '', 'word '.repeat(600)], on_error: 'partial' }],
      [rerank, { query: 'q', documents: ['x', 'word '.repeat(600)], truncate: 'START' }],
      [rerank, { ...ranked, instruction: 'Find it', raw_scores: true, max_tokens_per_doc: 9, rank_fields: ['text'] }],
      [rerank, { ...ranked, truncation: true, truncate_prompt_tokens: -1, max_chunks_per_doc: 1 }],
      [rerank, { ...ranked, truncate: null, return_embeddings: false }],
    ],
    400: [
      [rerank, {}],
      [rerank, { ...ranked, documents: [] }],
      [rerank, { ...ranked, model: 'starter' }],
      [rerank, { ...ranked, top_n: 0 }],
      [rerank, { query: 'q', documents: ['word '.repeat(600)] }],
    ],
    404: [[rerank, { ...ranked, model: 'gpt' }]],
    409: [[rerank, ranked, { 'x-expect-fingerprint': 'another' }]],
    413: [[rerank, { ...ranked, query: 'x'.repeat(9000) }]],
    415: [[rerank, 'x', { 'content-type': 'text/plain' }]],
  },
  listModels: { 200: [['/v1/models']] },
  retrieveModel: {
    200: [['/v1/models/starter'], ['/v1/models/alias'], ['/v1/models/starter-reranker']],
    404: [['/v1/models/gpt']],
  },
  livez: { 200: [['/livez']] },
  readyz: { 200: [['/readyz']] },
  health: { 200: [['/health']] },
  metrics: { 200: [['/metrics']] },
};
const stubbed: Record<string, Record<number, Call[]>> = {
  createEmbeddings: workFailures(embeddings, embeddingsShape),
  createSimilarity: workFailures(similarity, similarityShape),
  createRerank: workFailures(rerank, (body) => ({
    ...ranked,
    instruction: (body as { instruction: string }).instruction,
  })),
  tokenize: { 408: [[tokenize, STALLED]], 429: [[tokenize, { input: 'x', instruction: 'overloaded' }]] },
  livez: { 503: [['/livez']] },
  readyz: { 503: [['/readyz']] },
  health: { 503: [['/health']] },
};
/** `/rerank` with the body of `/v1/rerank`, whose answers are in its form: those that depend on the body. */
const ofUsualForm: Record<number, Call[]> = { ...real.createRerank, ...stubbed.createRerank };
const atBarePath = (statuses: readonly number[]): Record<number, Call[]> =>
  Object.fromEntries(
    Object.entries(ofUsualForm)
      .filter(([status]) => statuses.includes(Number(status)))
      .map(([status, calls]) => [
        status,
        calls
          .filter(([, body]) => Object.hasOwn(Object(body), 'documents'))
          .map(([, body, headers = {}]): Call => ['/rerank', body, headers]),
      ]),
  );
const withDocuments = {
  real: { teiRerank: atBarePath([200, 400, 404, 409]) },
  stubbed: { teiRerank: atBarePath([429, 500, 503, 504]) },
};
const withoutKey: Record<string, Record<number, Call[]>> = {
  createEmbeddings: { 401: [[embeddings, { input: 'x' }]] },
  createSimilarity: { 401: [[similarity, pair]] },
  createRerank: { 401: [[rerank, ranked]] },
  tokenize: { 401: [[tokenize, { input: 'x' }]] },
  listModels: { 401: [['/v1/models']] },
  retrieveModel: { 401: [['/v1/models/starter']] },
  metrics: { 401: [['/metrics']] },
};
const RETRY_AFTER_MS = 1500;

/** The schemas of which a body has one, where it has several forms. */
function formsOf(described: { content: Record<string, { schema: object }> } | undefined): object[] {
  const [{ schema } = { schema: {} }] = Object.values(described?.content ?? {});
  return (schema as { anyOf?: object[] }).anyOf ?? [];
}

/** Takes away the forms that a value has: it has one, unless another is open to any field. */
function see(unseen: Set<object>, value: unknown): void {
  for (const form of unseen) if (validatorOf(form)(value) === null) unseen.delete(form);
}

/** As the server reads a body: null means absent. */
function withoutNulls(body: unknown): unknown {
  return Object.fromEntries(Object.entries(body as object).filter(([, value]) => value !== null));
}

/** A dialect has no instruction: there the input itself names the error, if it is a text. */
function codeOf(input: EmbedInput | undefined): string {
  return input?.instruction ?? (typeof input?.content === 'string' ? input.content : 'overloaded');
}

describe('Live answers are as openapi.yaml says', () => {
  const place = batchFolder();
  let service: RunningService;
  let stub: StubService;
  let keyed: StubService;
  let off: StubService;
  before(async () => {
    const limit = { max_input_tokens: 500 };
    const entries = { starter: { ...limit, aliases: ['alias'] }, reranker: limit };
    seedBatches(place.folder);
    service = await startEmbedderAndReranker(entries, {
      maxBodyBytes: 8192,
      batchDir: place.folder,
      batchMaxFileBytes: 10_000,
    });
    const failure = (code: string) => new HotvecError(code as ErrorCode, 'as asked', { retryAfterMs: RETRY_AFTER_MS });
    stub = await startStubService({
      embed: ([input]) => Promise.reject(failure(codeOf(input))),
      rerank: ({ instruction, documents }) => Promise.reject(failure(instruction ?? documents[0]?.text ?? '')),
      tokenize: ([input]) => Promise.reject(failure(codeOf(input))),
      refusal: () => failure('not_ready'),
      isGivenUp: true,
      batchJobs: failingBatches(failure),
      patience: { receiveMs: 100 },
    });
    off = await startStubService();
    keyed = await startStubService({ keys: { someone: 'secret' } });
  });
  after(async () => {
    await Promise.all([service.close(), stub.close(), keyed.close(), off.close()]);
    place.remove();
  });

  for (const { route, method, operation } of operations) {
    for (const status of Object.keys(operation.responses).map(Number)) {
      it(`${method.toUpperCase()} ${route}: ${status}`, async () => {
        const unseen = {
          bodies: new Set(status === 200 ? formsOf(operation.requestBody) : []),
          answers: new Set(formsOf(responseOf(operation, status))),
        };
        const of = (table: typeof real, wanted = status) => table[operation.operationId]?.[wanted] ?? [];
        if (status === 403) {
          const [[path] = ['']] = of({ ...real, ...seededCalls, ...dialectCalls.real }, 200);
          const answer = await stub.app.inject({
            method: method as 'get',
            url: path,
            headers: { host: 'evil.example' },
          });
          const headers = Object.entries(answer.headers).map(
            ([name, value]) => [name, String(value)] as [string, string],
          );
          return judge(new Response(answer.body, { status: answer.statusCode, headers }));
        }
        const all = [
          ...of({ ...real, ...dialectCalls.real }).map((call) => ({ call, url: service.url })),
          ...of({ ...stubbed, ...dialectCalls.stubbed }).map((call) => ({ call, url: stub.url })),
          ...of(seededCalls).map((call) => ({ call, url: service.url })),
          ...of(stalledCalls(STALLED)).map((call) => ({ call, url: stub.url })),
          ...of(switchedOffCalls).map((call) => ({ call, url: off.url })),
          ...of(withDocuments.real).map((call) => ({ call, url: service.url })),
          ...of(withDocuments.stubbed).map((call) => ({ call, url: stub.url })),
          ...of({ ...withoutKey, ...withoutKeyCalls, ...dialectCalls.withoutKey }).map((call) => ({
            call,
            url: keyed.url,
          })),
        ];
        assert.ok(all.length > 0, 'a documented answer that no test provokes');
        for (const { call, url } of all) await check(url, call);
        assert.deepEqual([...unseen.bodies, ...unseen.answers], [], 'a documented form that no test provokes');

        async function check(origin: string, [path, body, headers]: Call): Promise<void> {
          if (status === 200 && body !== undefined && typeof body !== 'string') {
            const described = operation.requestBody?.content['application/json'];
            assert.ok(described !== undefined, 'a body that is not described');
            assert.equal(validatorOf(described.schema)(withoutNulls(body)), null, JSON.stringify(body));
            see(unseen.bodies, withoutNulls(body));
          }
          const response = await fetch(origin + path, {
            method,
            headers: { ...(method === 'delete' ? {} : { 'content-type': 'application/json' }), ...headers },
            ...(body === STALLED
              ? { body: stalledBody(), duplex: 'half' }
              : { body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body) }),
          });
          await judge(response, Object.hasOwn(Object(body), 'documents'));
        }

        async function judge(response: Response, hasDocuments = false): Promise<void> {
          const text = await response.text();
          assert.equal(response.status, status, text.slice(0, 300));
          const described = responseOf(operation, status);
          for (const [name, { description }] of Object.entries(described.headers ?? {})) {
            const onlySometimes =
              description.startsWith(`${hasDocuments ? 'Without' : 'With'} \`documents\`: `) ||
              name === 'x-cache' ||
              (name === 'x-truncated-inputs' && !text.includes('"truncated":true')) ||
              (name === 'x-failed-inputs' && !text.includes('"object":"error"'));
            assert.equal(response.headers.has(name), !onlySometimes, `${name} of ${status}`);
          }
          const [mediaType, { schema }] = Object.entries(described.content)[0] as [string, { schema: object }];
          assert.equal(response.headers.get('content-type')?.split(';')[0], mediaType);
          const validate = validatorOf(schema);
          const value = (mediaType === 'application/json' ? JSON.parse(text) : text) as unknown;
          assert.equal(validate(value), null);
          see(unseen.answers, value);
        }
      });
    }
  }

  it('the validator would notice an undocumented field', () => {
    const validate = validatorOf({ $ref: '#/components/schemas/Usage' });
    const usage = { prompt_tokens: 1, total_tokens: 1 };
    assert.equal(validate(usage), null);
    assert.match(String(validate({ ...usage, more: 1 })), /additional properties/);
  });
});
