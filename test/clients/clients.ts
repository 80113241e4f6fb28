import assert from 'node:assert/strict';
import { largestDifference } from '../support/difference.ts';
import type { ClientError } from './client-report.ts';
import { type ClientStand, texts } from './client-stand.ts';
import { expectedErrors, openaiClass, type Step } from './expected-errors.ts';

/** A client, and what is known of it. */
export interface Client {
  name: string;
  /** In this folder. */
  program: string;
  /** Python modules; left out: a program for Node, with the packages of install-clients.ts. */
  needs?: string[];
  /** The package is one of hotvec's own (devDependencies), run on the Node that runs the tests. */
  ownPackages?: true;
  errors: Record<Step, ClientError>;
  /**
   * `as told`: obeys `retry-after(-ms)` and `x-should-retry`; `when told`: the first of the two; `at its own pace`:
   * neither, but knows by the status what is worth it; `at once`: after 503 alone.
   */
  retries: 'as told' | 'when told' | 'at its own pace' | 'at once' | 'never';
  /** Longer than the client would wait on its own before its first retry. */
  ownWaitMs: number;
  checkMore?: (more: Record<string, unknown>, stand: ClientStand) => void;
}

/** OpenAI's own SDKs, and what hands their errors through. */
const openaiBased = {
  errors: expectedErrors(openaiClass),
  retries: 'as told',
  // The SDKs' own first wait: at most 500 ms.
  ownWaitMs: 700,
} as const;

const openai = {
  ...openaiBased,
  checkMore: (more: Record<string, unknown>, { arrivals }: ClientStand) => {
    const { float, oneText, timeout, ...rest } = more as { float: number[][]; oneText: number[]; timeout: ClientError };
    for (const [i, vector] of [...float, oneText].entries()) {
      assert.ok(largestDifference(vector, texts[i % float.length]?.vector as number[]) < 2e-6, `vector ${i}`);
    }
    assert.match(timeout.class, /^(APIConnectionTimeoutError|APITimeoutError)$/);
    assert.deepEqual(rest, {
      // docs/api.md: with encoding_format, an error in a vector's place reaches the program.
      partial: [
        ['embedding', texts[0]?.vector.length],
        ['error', 'empty_input'],
      ],
      tokens: texts[0]?.ids.length,
      models: ['starter'],
      model: 'starter',
      unknownModel: { class: 'NotFoundError', status: 404, code: 'model_not_found', param: 'model' },
      conflict: { class: 'ConflictError', status: 409, code: 'fingerprint_mismatch', param: null },
    });
    assert.equal(arrivals('fingerprint_mismatch').length, 1, 'x-should-retry: false is not tried again');
  },
} as const;

const cohereClasses: Record<number, string> = {
  400: 'BadRequestError',
  401: 'UnauthorizedError',
  404: 'NotFoundError',
  429: 'TooManyRequestsError',
  500: 'InternalServerError',
  503: 'ServiceUnavailableError',
  504: 'GatewayTimeoutError',
};

const ollama = {
  errors: expectedErrors(() => 'ResponseError', ['status']),
  retries: 'never',
  ownWaitMs: 20,
  checkMore: (more: Record<string, unknown>) => {
    // LangChain's class has none of it.
    if (more.many === undefined) return;
    const { many, old, ...rest } = more as { many: number[][]; old: number[] };
    assert.equal(many.length, 3000);
    for (const [i, vector] of [...many, old].entries()) {
      const wanted = texts[(i % many.length) % texts.length]?.vector as number[];
      assert.ok(largestDifference(vector, wanted) < 2e-6, `vector ${i}`);
    }
    assert.deepEqual(rest, {
      capabilities: ['embedding'],
      listed: ['starter:latest'],
      loaded: ['starter:latest'],
      version: 3,
    });
  },
} as const;

export const clients: Client[] = [
  { ...openai, name: 'openai 6 for JavaScript', program: 'javascript/openai.mjs', ownPackages: true },
  { ...openai, name: 'openai for JavaScript', program: 'javascript/openai.mjs' },
  { ...openai, name: 'openai for Python', program: 'python/use_openai.py', needs: ['openai'] },
  {
    name: '@langchain/openai',
    program: 'javascript/langchain.mjs',
    errors: expectedErrors(openaiClass),
    retries: 'at its own pace',
    ownWaitMs: 20,
  },
  {
    name: 'ai with @ai-sdk/openai-compatible',
    program: 'javascript/ai-sdk.mjs',
    errors: expectedErrors(() => 'APICallError'),
    retries: 'when told',
    ownWaitMs: 2300,
  },
  { ...openaiBased, name: '@llamaindex/openai', program: 'javascript/llamaindex.mjs' },
  {
    ...openaiBased,
    name: 'langchain-openai for Python',
    program: 'python/use_langchain.py',
    needs: ['langchain_openai'],
  },
  {
    name: 'LiteLLM',
    program: 'python/use_litellm.py',
    needs: ['litellm'],
    errors: expectedErrors(
      (step, status) => ({ 503: 'ServiceUnavailableError', 504: 'Timeout' })[status] ?? openaiClass(step, status),
      ['status'],
    ),
    retries: 'as told',
    ownWaitMs: 700,
  },
  {
    name: 'cohere-ai',
    program: 'javascript/cohere.mjs',
    errors: expectedErrors((_, status) => cohereClasses[status] ?? 'none', ['status']),
    retries: 'when told',
    // Its own first wait: at most 1100 ms.
    ownWaitMs: 1200,
  },
  {
    name: 'cohere for Python',
    program: 'python/use_cohere.py',
    needs: ['cohere'],
    errors: expectedErrors((_, status) => cohereClasses[status] ?? 'none', ['status']),
    retries: 'when told',
    ownWaitMs: 1200,
  },
  { ...ollama, name: 'ollama for JavaScript', program: 'javascript/ollama.mjs' },
  { ...ollama, name: 'ollama for Python', program: 'python/use_ollama.py', needs: ['ollama'] },
  {
    name: '@huggingface/inference',
    program: 'javascript/huggingface.mjs',
    errors: expectedErrors(() => 'InferenceClientProviderApiError', ['status'], {
      // It cannot name a model to an endpoint.
      'unknown model': { class: 'none', status: null },
      // What text-embeddings-inference answers then.
      permanent: { status: 424 },
    }),
    retries: 'at once',
    ownWaitMs: 20,
    checkMore: ({ similarities }) => {
      const [first, ...others] = texts.map(({ vector }) => vector);
      const dot = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
      const wanted = others.map((other) => dot(first as number[], other));
      assert.ok(largestDifference(similarities as number[], wanted) < 1e-5);
    },
  },
  {
    ...openaiBased,
    name: 'Haystack',
    program: 'python/use_haystack.py',
    needs: ['haystack'],
  },
  {
    ...ollama,
    name: 'langchain-ollama for Python',
    program: 'python/use_langchain_ollama.py',
    needs: ['langchain_ollama'],
  },
  {
    name: 'voyageai',
    program: 'python/use_voyage.py',
    needs: ['voyageai'],
    // Below 500 it looks for Voyage's `detail` in the body, and shows the body itself where there is none.
    errors: expectedErrors(
      (_, status) => (status < 500 ? 'APIError' : status === 500 ? 'ServerError' : 'ServiceUnavailableError'),
      ['status'],
    ),
    retries: 'at once',
    ownWaitMs: 20,
  },
  {
    name: 'huggingface_hub',
    program: 'python/use_huggingface.py',
    needs: ['huggingface_hub'],
    errors: expectedErrors((_, status) => (status === 400 ? 'BadRequestError' : 'HfHubHTTPError'), ['status'], {
      // It cannot name a model to an address.
      'unknown model': { class: 'none', status: null },
      // What text-embeddings-inference answers then.
      permanent: { status: 424 },
    }),
    retries: 'never',
    ownWaitMs: 20,
  },
];
