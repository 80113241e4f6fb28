import type { ErrorCode } from '../../../src/errors.ts';

/** A request, and how often nothing but that is needed: path, body, headers. */
export type Call = [path: string, body?: unknown, headers?: Record<string, string>];
type Calls = Record<string, Record<number, Call[]>>;

/** A body that succeeds, by route. */
export const dialectBodies: Record<string, Record<string, unknown>> = {
  '/embed': { inputs: 'x' },
  '/similarity': { inputs: { source_sentence: 'x', sentences: ['x', 'y'] } },
  '/embed_all': { inputs: 'x' },
  '/vertex': { instances: [{ inputs: 'x' }] },
  '/tokenize': { inputs: 'x' },
  '/decode': { ids: [1, 2] },
  '/api/embed': { model: 'starter', input: 'x' },
  '/api/embeddings': { model: 'starter', prompt: 'x' },
  '/api/show': { model: 'starter' },
  '/api/pull': { model: 'starter' },
  '/v2/embed': { model: 'starter', texts: ['x'], input_type: 'search_query' },
  '/v1/embed': { model: 'starter', texts: ['x'] },
  '/rerank': { query: 'q', texts: ['x'] },
  '/v2/rerank': { model: 'starter-reranker', query: 'q', documents: ['x'] },
};
const idOf: Record<string, string> = {
  '/embed': 'teiEmbed',
  '/similarity': 'teiSimilarity',
  '/embed_all': 'teiEmbedAll',
  '/vertex': 'teiVertex',
  '/api/embed': 'ollamaEmbed',
  '/api/embeddings': 'ollamaEmbeddings',
  '/v2/embed': 'cohereEmbed',
  '/v1/embed': 'cohereV1Embed',
  '/rerank': 'teiRerank',
  '/v2/rerank': 'cohereRerank',
};
const anotherFingerprint = { 'x-expect-fingerprint': 'another' };
const plainText = { 'content-type': 'text/plain' };

const body = (path: string, changes: object = {}): Call => [path, { ...dialectBodies[path], ...changes }];
const ofEach = (table: (path: string) => Record<number, Call[]>): Calls =>
  Object.fromEntries(Object.entries(idOf).map(([path, id]) => [id, table(path)]));

/** What the starter answers, within a body limit of 8 KB. */
const plain = ofEach((path) => ({
  200: [body(path)],
  400: [[path, '{']],
  409: [[path, dialectBodies[path], anotherFingerprint]],
  413: [[path, { ...dialectBodies[path], more: 'x'.repeat(9000) }]],
  415: [[path, 'x', plainText]],
}));
function ofTokens(path: string, id: string, changes: object): Calls {
  const calls: Record<number, Call[]> = {
    200: [body(path), [path, changes]],
    400: [[path, '{']],
    413: [body(path, { more: 'x'.repeat(9000) })],
    415: [[path, 'x', plainText]],
    422: [[path, {}]],
  };
  return { [id]: calls };
}

// Token ids end with the starter's end token, 11974.
const own: Calls = {
  teiEmbed: {
    200: [
      body('/embed', { inputs: ['x', 'y'], normalize: false, prompt_name: 'query', dimensions: 32 }),
      body('/embed', { inputs: [1, 2, 11_974], truncate: true, truncation_direction: 'Left' }),
      body('/embed', { inputs: ['x', [1, 2, 11_974]], dimensions: 1, nonsense: 1 }),
    ],
    422: [
      body('/embed', { inputs: 'word '.repeat(600), truncate: false }),
      body('/embed', { dimensions: 257 }),
      body('/embed', { inputs: [1e9] }),
    ],
  },
  teiSimilarity: { 422: [['/similarity', {}], body('/similarity', { inputs: 'x' })] },
  teiEmbedAll: { 422: [['/embed_all', {}]] },
  teiVertex: { 422: [['/vertex', {}]] },
  teiRerank: {
    200: [
      body('/rerank', { texts: ['x', 'y'], raw_scores: true, return_text: true, truncate: null }),
      body('/rerank', { truncate: true, truncation_direction: 'Left', nonsense: 1 }),
    ],
    400: [body('/rerank', { texts: [] }), body('/rerank', { query: '' })],
    422: [['/rerank', {}], body('/rerank', { texts: ['word '.repeat(600)], truncate: false })],
  },
  teiInfo: { 200: [['/info']] },
  teiPing: { 200: [['/ping']] },
  ...ofTokens('/tokenize', 'teiTokenize', { inputs: ['x', 'y'], add_special_tokens: false, prompt_name: 'query' }),
  ...ofTokens('/decode', 'teiDecode', { ids: [[1], [2, 3]], skip_special_tokens: false }),
  ollamaEmbed: {
    200: [body('/api/embed', { input: ['x', 'y'], dimensions: 64, keep_alive: '5m', options: { num_ctx: 1 } })],
    404: [body('/api/embed', { model: 'other' })],
  },
  ollamaEmbeddings: { 404: [body('/api/embeddings', { model: 'other' })] },
  ollamaTags: { 200: [['/api/tags']] },
  ollamaShow: {
    200: [body('/api/show')],
    400: [['/api/show', {}]],
    404: [body('/api/show', { model: 'other' })],
    413: [body('/api/show', { more: 'x'.repeat(9000) })],
    415: [['/api/show', 'x', plainText]],
  },
  ollamaPull: {
    200: [body('/api/pull')],
    400: [['/api/pull', {}]],
    404: [body('/api/pull', { model: 'other' })],
    413: [body('/api/pull', { more: 'x'.repeat(9000) })],
    415: [['/api/pull', 'x', plainText]],
  },
  root: { 200: [['/']] },
  ollamaProcesses: { 200: [['/api/ps']] },
  ollamaVersion: { 200: [['/api/version']] },
  cohereEmbed: {
    200: [body('/v2/embed', { embedding_types: ['float', 'int8', 'uint8', 'binary', 'ubinary', 'base64'] })],
    404: [body('/v2/embed', { model: 'other' })],
  },
  cohereRerank: {
    200: [
      body('/v2/rerank', { documents: ['x', 'y'], top_n: 1, max_tokens_per_doc: 8 }),
      body('/v2/rerank', { return_documents: true, rank_fields: ['text'], priority: 1 }),
    ],
    400: [body('/v2/rerank', { model: 'starter' }), body('/v2/rerank', { documents: [] })],
    404: [body('/v2/rerank', { model: 'other' })],
  },
  cohereV1Embed: {
    200: [body('/v1/embed', { embedding_types: ['float', 'int8'], input_type: 'clustering' })],
    404: [body('/v1/embed', { model: 'other' })],
  },
};

/** By a stub whose work ends with the error that its input names; it is called `stub` and is not ready. */
const failing = ofEach((path) => {
  const of = (...codes: ErrorCode[]) => codes.map((code): Call => [path, bodyNaming(path, code)]);
  const failures = of('non_finite_output', 'inference_failed');
  return {
    408: of('body_too_slow'),
    429: of('overloaded', 'key_share_exceeded'),
    ...(/^\/(api|v1|v2)\//.test(path) ? { 500: failures } : { 424: failures, 500: of('internal_error') }),
    503: of('not_ready', 'draining', 'engine_restarting'),
    504: of('deadline_exceeded'),
  };
});

function bodyNaming(path: string, code: ErrorCode): object {
  const named = JSON.stringify(dialectBodies[path])
    .replaceAll('"x"', `"${code}"`)
    .replace('"starter"', '"stub"')
    .replace('"starter-reranker"', '"stub-reranker"');
  return JSON.parse(named) as object;
}

const routes = [
  ...Object.entries(idOf),
  ['/api/show', 'ollamaShow'],
  ['/api/pull', 'ollamaPull'],
  ['/tokenize', 'teiTokenize'],
  ['/decode', 'teiDecode'],
] as [string, string][];
const pages: [string, string][] = [
  ['/info', 'teiInfo'],
  ['/api/tags', 'ollamaTags'],
  ['/api/ps', 'ollamaProcesses'],
  ['/api/version', 'ollamaVersion'],
];

/** How the documented answers of the dialects are provoked, by operation and status. */
export const dialectCalls = {
  real: merged(plain, own),
  stubbed: {
    ...failing,
    root: { 503: [['/']] },
    teiPing: { 503: [['/ping']] },
    teiInfo: { 503: [['/info']] },
    teiTokenize: { 429: [['/tokenize', { inputs: 'overloaded' }]] },
    teiDecode: { 429: [['/decode', { ids: [1] }]] },
  } as Calls,
  withoutKey: Object.fromEntries([
    ...routes.map(([path, id]) => [id, { 401: [[path, dialectBodies[path]]] }]),
    ...pages.map(([path, id]) => [id, { 401: [[path]] }]),
  ]) as Calls,
};

function merged(a: Calls, b: Calls): Calls {
  const all: Calls = { ...a };
  for (const [id, statuses] of Object.entries(b)) {
    all[id] = { ...all[id] };
    for (const [status, calls] of Object.entries(statuses)) {
      all[id][Number(status)] = [...(all[id][Number(status)] ?? []), ...calls];
    }
  }
  return all;
}
