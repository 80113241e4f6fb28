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
   * neither, but knows by the status what is worth it.
   */
  retries: 'as told' | 'when told' | 'at its own pace' | 'never';
  /** More than the client would wait by itself before its first repetition. */
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
      tokens: texts[0]?.ids.length,
      models: ['starter'],
      model: 'starter',
      unknownModel: { class: 'NotFoundError', status: 404, code: 'model_not_found', param: 'model' },
      conflict: { class: 'ConflictError', status: 409, code: 'fingerprint_mismatch', param: null },
    });
    assert.equal(arrivals('fingerprint_mismatch').length, 1, 'x-should-retry: false is not tried again');
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
];
