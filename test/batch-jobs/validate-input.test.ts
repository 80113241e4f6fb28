import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { validateInput } from '../../src/batch-jobs/validate-input.ts';
import { HotvecError } from '../../src/errors.ts';
import { requestLine } from '../support/batches.ts';

const SERVED: Record<string, string> = { one: 'one', uno: 'one', two: 'two' };
const service = {
  modelFor: (_: string, name = 'one') => {
    const served = SERVED[name];
    if (served === undefined) throw new HotvecError('model_not_found', 'It serves one and two.', { param: 'model' });
    return { name: served, fingerprint: 'f' };
  },
};

describe('validateInput', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-input-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function validate(lines: (string | Buffer)[], limits: { maxLines?: number; maxLineBytes?: number } = {}) {
    const file = path.join(folder, 'input');
    writeFileSync(file, Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])));
    return validateInput(file, {
      endpoint: '/v1/embeddings',
      limits: { maxLines: 1_000, maxLineBytes: 10_000, ...limits },
      service,
      signal: new AbortController().signal,
    });
  }
  async function problems(...of: Parameters<typeof validate>) {
    const found = await validate(...of);
    assert.ok('problems' in found);
    return found.problems.map(({ code, line, param }) => [line, code, param]);
  }
  const good = (id: string, model?: string) => requestLine(id, { input: 'x', ...(model ? { model } : {}) });

  it('knows how many requests there are, and the one model that they ask', async () => {
    const model = { name: 'one', fingerprint: 'f' };
    assert.deepEqual(await validate([good('a'), '', good('b', 'uno'), good('c', 'one')]), { total: 3, model });
  });

  it('names every line that is wrong, and what is', async () => {
    const line = (fields: object) =>
      JSON.stringify({ custom_id: 'z', method: 'POST', url: '/v1/embeddings', body: {}, ...fields });
    assert.deepEqual(
      await problems([
        good('a'),
        '{"custom_id": "b"',
        '[]',
        good('a'),
        line({ custom_id: 7 }),
        line({ custom_id: undefined }),
        line({ custom_id: '' }),
        line({ method: 'GET' }),
        line({ url: '/v1/rerank' }),
        line({ url: '/v1/chat/completions' }),
        line({ body: 'text' }),
        line({ body: { stream: true } }),
        line({ body: { model: 'three' } }),
        line({ body: { model: 5 } }),
        line({ custom_id: 'two', body: { model: 'two' } }),
        line({ priority: 1 }),
        'x'.repeat(10_001),
        Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
        `{"custom_id":"deep","method":"POST","url":"/v1/embeddings","body":{"input":${'['.repeat(4_900)}${']'.repeat(4_900)}}}`,
      ]).then((found) => found.slice(0, 17)),
      [
        [2, 'invalid_json_line', null],
        [3, 'invalid_json_line', null],
        [4, 'duplicate_custom_id', 'custom_id'],
        [5, 'invalid_custom_id', 'custom_id'],
        [6, 'missing_required_parameter', 'custom_id'],
        [7, 'invalid_custom_id', 'custom_id'],
        [8, 'invalid_method', 'method'],
        [9, 'invalid_url', 'url'],
        [10, 'invalid_url', 'url'],
        [11, 'invalid_body', 'body'],
        [12, 'stream_not_supported', 'body.stream'],
        [13, 'model_not_found', 'body.model'],
        [14, 'invalid_model', 'body.model'],
        [15, 'mismatched_model', 'body.model'],
        [16, 'unknown_field', null],
        [17, 'line_too_large', null],
        [18, 'invalid_json_line', null],
      ],
    );
  });

  it('refuses a number that it could not pass on, but no null', async () => {
    const dimensions = (number: string) => good('a').replace('"input":"x"', `"input":"x","dimensions":${number}`);
    assert.deepEqual(await problems([dimensions('1e400')]), [[1, 'invalid_json_line', 'body']]);
    assert.deepEqual(await problems([dimensions(`-${'9'.repeat(400)}`)]), [[1, 'invalid_json_line', 'body']]);
    assert.ok('total' in (await validate([dimensions('null'), good('b')])));
  });

  it('survives a body that is nested without end', async () => {
    const depth = 2_000_000;
    const body = `{"input":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const line = `{"custom_id":"a","method":"POST","url":"/v1/embeddings","body":${body}}`;
    assert.deepEqual(await problems([line], { maxLineBytes: 10_000_000 }), [[1, 'invalid_json_line', 'body']]);
  });

  it('refuses a file without requests, and one with too many', async () => {
    assert.deepEqual(await problems(['', '  ']), [[null, 'empty_file', null]]);
    assert.deepEqual(await problems([good('a'), good('b'), good('c')], { maxLines: 2 }), [
      [3, 'too_many_requests', null],
    ]);
  });

  it('tells the first hundred problems of a file that is another one', async () => {
    const found = await problems(Array.from({ length: 500 }, () => '{}'));
    assert.equal(found.length, 100);
  });
});
