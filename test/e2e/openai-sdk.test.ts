import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { after, before, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { type ErrorCode, HotvecError } from '../../src/errors.ts';
import { packageRoot } from '../../src/package-info.ts';
import { goldenTexts } from '../http/answers.ts';
import { type StubService, startStubService } from '../http/stub-service.ts';
import { largestDifference } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { installNewestSdk } from './newest-openai-sdk.ts';
import { useSdk } from './openai-sdk-client.ts';
import type { SdkReport, SdkTask } from './openai-sdk-report.ts';

const TOLERANCE = 2e-6;
const texts = goldenTexts.filter(({ vector_64 }) => vector_64 !== undefined);

const expectedErrors = {
  'bad request': { class: 'BadRequestError', status: 400, code: 'empty_input', param: 'input[1]' },
  authentication: { class: 'AuthenticationError', status: 401, code: 'invalid_api_key', param: null },
  'not found': { class: 'NotFoundError', status: 404, code: 'model_not_found', param: 'model' },
  'model not found': { class: 'NotFoundError', status: 404, code: 'model_not_found', param: 'model' },
  conflict: { class: 'ConflictError', status: 409, code: 'fingerprint_mismatch', param: null },
  'rate limit': { class: 'RateLimitError', status: 429, code: 'overloaded', param: null },
  internal: { class: 'InternalServerError', status: 500, code: 'internal_error', param: null },
  'not ready': { class: 'InternalServerError', status: 503, code: 'not_ready', param: null },
  deadline: { class: 'InternalServerError', status: 504, code: 'deadline_exceeded', param: null },
  permanent: { class: 'InternalServerError', status: 500, code: 'non_finite_output', param: null },
  'permanent conflict': { class: 'ConflictError', status: 409, code: 'fingerprint_mismatch', param: null },
};

describe('The official OpenAI SDK as client', () => {
  let service: RunningService;
  let keyed: StubService;
  let stub: StubService;
  /** Requests that reached the stub, by input. */
  let requests: Map<string, number>;
  before(async () => {
    service = await startService();
    keyed = await startStubService({ keys: { someone: 'another key' } });
  });
  beforeEach(async () => {
    requests = new Map();
    await stub?.close();
    stub = await startStubService({
      embed: (inputs) => {
        const asked = String(inputs[0]?.content);
        const [code, once] = asked.split(' ');
        const count = (requests.get(asked) ?? 0) + 1;
        requests.set(asked, count);
        if (code === 'hang') return new Promise<never>(() => {});
        if (once !== undefined && count > 1) return undefined;
        throw new HotvecError(code as ErrorCode, 'As asked.', { retryAfterMs: 20 });
      },
    });
  });
  after(() => Promise.all([service.close(), keyed.close(), stub.close()]));

  const task = (): SdkTask => ({
    serviceUrl: service.url,
    stubUrl: stub.url,
    keyedUrl: keyed.url,
    texts: texts.map((one) => one.text),
  });

  async function run(command: string, args: string[]): Promise<SdkReport> {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.end(JSON.stringify(task()));
    return JSON.parse(await text(child.stdout)) as SdkReport;
  }

  function check(report: SdkReport): void {
    const assertClose = (vectors: number[][], wanted: (number[] | undefined)[]) => {
      assert.equal(vectors.length, wanted.length);
      for (const [i, vector] of wanted.entries()) {
        assert.ok(largestDifference(vectors[i] as number[], vector as number[]) < TOLERANCE, `vector ${i}`);
      }
    };
    const golden = texts.map(({ vector }) => vector);
    assertClose(report.ownEncoding, golden);
    assertClose(report.float, golden);
    assertClose([report.oneText], golden.slice(0, 1));
    assertClose(
      report.dimensions64,
      texts.map(({ vector_64 }) => vector_64),
    );
    assert.equal(report.tokens, texts[0]?.ids.length);
    assert.deepEqual([report.models, report.model], [['starter'], 'starter']);
    const { timeout, ...errors } = report.errors;
    assert.deepEqual(errors, expectedErrors);
    assert.match(timeout?.class ?? '', /^(APIConnectionTimeoutError|APITimeoutError)$/);
    assert.equal(report.afterRetry, 1);
    assert.equal(requests.get('not_ready once'), 2, '503 with retry-after is tried again');
    assert.equal(requests.get('non_finite_output'), 1, 'x-should-retry: false is not tried again');
    assert.equal(requests.get('fingerprint_mismatch'), 2, 'nor is 409: one request of each of two clients');
  }

  it('JavaScript SDK 6: vectors of the reference, its own error classes, retries only where they can help', async () => {
    check(await useSdk(OpenAI, process.version, task()));
  });

  it('JavaScript SDK 7 under Node 24: the same', async (t) => {
    const newest = installNewestSdk();
    if (typeof newest === 'string') {
      t.skip(newest);
      return;
    }
    const client = fileURLToPath(new URL('./openai-sdk-client.js', import.meta.url));
    const report = await run(newest.node, [client, newest.sdkUrl]);
    assert.match(report.version, /^v24\./);
    check(report);
  });

  it('Python SDK: the same', async (t) => {
    const candidates = [process.env.HOTVEC_TEST_PYTHON, 'python3', 'python'].filter((one) => one !== undefined);
    const python = candidates.find((one) => spawnSync(one, ['-c', 'import openai']).status === 0);
    if (python === undefined) {
      t.skip('no Python with the openai package: set HOTVEC_TEST_PYTHON to one');
      return;
    }
    const report = await run(python, [path.join(packageRoot, 'test', 'e2e', 'openai-sdk-client.py')]);
    t.diagnostic(report.version);
    check(report);
  });
});
