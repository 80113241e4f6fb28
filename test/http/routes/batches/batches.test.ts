import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { BatchClient, batchFolder, requestLine } from '../../../support/batches.ts';
import { startEmbedderAndReranker } from '../../../support/embedder-and-reranker.ts';
import { checkLogLine } from '../../../support/log-lines.ts';
import { readMetrics } from '../../../support/read-metrics.ts';
import type { RunningService } from '../../../support/running-service.ts';
import { until } from '../../../support/supervised-engine.ts';
import { publishedApi } from '../../dialects/published-api.ts';
import { withKeysFile } from '../../door/keys-file.ts';
import { buildStubApp } from '../../stub-service.ts';

describe('/v1/files and /v1/batches', () => {
  const place = batchFolder();
  let service: RunningService;
  let client: BatchClient;
  before(async () => {
    service = await startEmbedderAndReranker({}, { batchDir: place.folder, batchMaxFileBytes: 100_000 });
    client = new BatchClient(service.url);
  });
  after(async () => {
    await service.close();
    place.remove();
  });

  /** What is at /v1/embeddings, and what lines of it get. */
  const bodies: Record<string, object[]> = {
    '/v1/embeddings': [
      { model: 'starter', input: 'The capital of China is Beijing.' },
      { model: 'starter', input: ['Explain gravity', '中国的首都是北京。', ''], on_error: 'partial' },
      { model: 'starter-query', input: 'x', encoding_format: 'base64', dimensions: 32 },
      { model: null, input: 'The same text', output_dtype: 'int8' },
      { input: 'The same text', nonsense: 1 },
      { input: 'word '.repeat(9_000) },
      { input: 'word '.repeat(9_000), truncate: 'end' },
      { input: [1, 2, 3] },
    ],
    '/v1/rerank': [
      { query: 'q', documents: ['x', { text: 'y' }], return_documents: true },
      { query: '', documents: ['x'] },
    ],
    '/v1/similarity': [{ queries: ['a', 'b'], documents: ['c'], top_k: 1 }, { queries: 'a' }],
  };
  for (const [url, asked] of Object.entries(bodies)) {
    it(`gives lines for ${url} what posting their bodies gives`, async () => {
      const lines = asked.map((body, i) => requestLine(`c${i}`, body, url));
      const batch = await client.until((await client.begin(lines, { endpoint: url })).id);
      assert.equal(batch.status, 'completed', JSON.stringify(batch));
      const answered = [...(await client.output(batch)), ...(await client.errors(batch))];
      assert.equal(answered.length, asked.length);
      for (const { custom_id, id, response, error } of answered) {
        const direct = await service.post(url, asked[Number(custom_id.slice(1))] as object);
        const body = (await direct.json()) as Record<string, unknown>;
        // Of a ranking it is the request's.
        if ('id' in body) body.id = id;
        assert.deepEqual(response, { status_code: direct.status, request_id: id, body }, custom_id);
        assert.equal(error, null);
      }
      const { completed, failed, total } = batch.request_counts;
      assert.deepEqual(
        [completed, failed, total],
        [(await client.output(batch)).length, answered.length - completed, asked.length],
      );
    });
  }

  it('fails a batch for lines that are wrong, by their numbers', async () => {
    const lines = [
      requestLine('a', { input: 'x' }),
      requestLine('a', { input: 'y' }),
      requestLine('b', { model: 'gpt' }),
    ];
    const batch = await client.until((await client.begin(lines)).id);
    assert.equal(batch.status, 'failed');
    assert.deepEqual(
      batch.errors?.data.map(({ code, line }) => [code, line]),
      [
        ['duplicate_custom_id', 2],
        ['model_not_found', 3],
      ],
    );
  });

  it('answers as the OpenAI API describes its answers', async () => {
    const api = publishedApi('openai-batches');
    const check = (name: string, value: object) => {
      // null: as in its examples and answers, where its schemas have no such thing.
      const said = JSON.parse(JSON.stringify(value), (_, field) => field ?? undefined) as object;
      assert.equal(api.check(name, said), null, JSON.stringify(value));
      const known = api.fieldsOf(name);
      assert.deepEqual(
        Object.keys(value).filter((field) => !known.includes(field)),
        [],
      );
    };
    const json = async (method: string, url: string) => (await (await client.ask(method, url)).json()) as object;
    const created = await client.begin([requestLine('a', { input: 'x' })], { metadata: { a: 'b' } });
    check('Batch', created);
    // All of its example: who reads the JSON without an SDK asks for them by name.
    const example = (api.exampleOf('Batch').match(/(?<=^ {2}")\w+(?=":)/gm) ?? []) as string[];
    assert.ok(example.length > 20);
    assert.deepEqual(
      example.filter((field) => !(field in created) && field !== 'model'),
      [],
    );
    assert.deepEqual([created.errors, created.output_file_id, created.completed_at], [null, null, null]);
    const batch = await client.until(created.id);
    check('Batch', batch);
    check('ListBatchesResponse', await json('GET', '/v1/batches'));
    assert.deepEqual(await json('GET', '/v1/files?purpose=vision'), {
      object: 'list',
      data: [],
      first_id: null,
      last_id: null,
      has_more: false,
    });
    check('ListFilesResponse', await json('GET', '/v1/files'));
    check('OpenAIFile', await json('GET', `/v1/files/${batch.output_file_id}`));
    check('DeleteFileResponse', await json('DELETE', `/v1/files/${batch.output_file_id}`));
    check('Batch', await client.until((await client.begin(['{}'])).id));
  });

  it('pages its lists, newest first', async () => {
    const made: string[] = [];
    for (let i = 0; i < 3; i++) made.unshift((await client.begin([requestLine('a', { input: `x${i}` })])).id);
    for (const id of made) await client.until(id);
    type Page = { data: { id: string }[]; has_more: boolean; first_id: string; last_id: string };
    const page = async (url: string) => (await (await client.ask('GET', url)).json()) as Page;
    const first = await page('/v1/batches?limit=2');
    assert.deepEqual([first.data.map(({ id }) => id), first.has_more], [made.slice(0, 2), true]);
    assert.deepEqual([first.first_id, first.last_id], made.slice(0, 2));
    const next = await page(`/v1/batches?limit=1&after=${first.last_id}`);
    assert.deepEqual(
      next.data.map(({ id }) => id),
      [made[2]],
    );
    const files = await page('/v1/files?order=asc&purpose=batch_output&limit=5');
    assert.ok(
      files.data.length > 0 && files.data.every(({ id }, i) => i === 0 || id > (files.data[i - 1]?.id as string)),
    );
    for (const query of ['limit=0', 'limit=101', 'limit=x']) {
      assert.equal((await client.ask('GET', `/v1/batches?${query}`)).status, 400, query);
    }
    assert.equal((await client.ask('GET', '/v1/files?order=up')).status, 400);
  });

  it('goes on behind what was deleted, and refuses what was never there', async () => {
    const made: string[] = [];
    for (let i = 0; i < 6; i++) made.push(await client.upload([`x${i}`]));
    type Page = { data: { id: string }[]; has_more: boolean };
    for (const order of ['desc', 'asc']) {
      const left = new Set(made.splice(0, 3));
      // As SDKs page: while a page is shown, the client deletes what it has seen.
      for (let after = '', isMore = true; isMore && left.size > 0; ) {
        const url = `/v1/files?limit=2&order=${order}${after}`;
        const { data, has_more } = (await (await client.ask('GET', url)).json()) as Page;
        for (const { id } of data) {
          if (left.delete(id)) assert.equal((await client.ask('DELETE', `/v1/files/${id}`)).status, 200);
        }
        after = `&after=${data.at(-1)?.id}`;
        isMore = has_more;
      }
      assert.deepEqual([...left], [], order);
    }
    const wrong = ['x', '', 'file-abc123', 'batch_abc123', `file-${'g'.repeat(32)}`];
    for (const url of ['/v1/files', '/v1/batches']) {
      for (const after of wrong) {
        const answer = await client.ask('GET', `${url}?after=${after}`);
        const { error } = (await answer.json()) as { error: { code: string; param: string } };
        assert.deepEqual([answer.status, error.code, error.param], [400, 'invalid_input', 'after'], url + after);
      }
    }
  });

  it('lists files by when they were made, and not by when their batch was', async () => {
    const { id } = await client.begin([requestLine('a', { input: 'x' })]);
    const batch = await client.until(id);
    const file = path.join(place.folder, 'files', `${batch.output_file_id}.json`);
    const later = await client.upload(['x']);
    await service.close();
    // An hour later: the batch was a large one.
    const stored = JSON.parse(readFileSync(file, 'utf8')) as { createdAt: number };
    writeFileSync(file, JSON.stringify({ ...stored, createdAt: stored.createdAt + 3_600 }));
    service = await startEmbedderAndReranker({}, { batchDir: place.folder, batchMaxFileBytes: 100_000 });
    client = new BatchClient(service.url);
    const ids = async (query: string) => {
      const { data } = (await (await client.ask('GET', `/v1/files?${query}`)).json()) as { data: { id: string }[] };
      return data.map((one) => one.id);
    };
    assert.deepEqual(await ids('limit=2'), [batch.output_file_id, later]);
    assert.deepEqual(await ids(`limit=1&after=${batch.output_file_id}`), [later]);
    assert.deepEqual(await ids(`order=asc&after=${later}`), [batch.output_file_id]);
    await client.ask('DELETE', `/v1/files/${batch.output_file_id}`);
    assert.deepEqual(await ids(`limit=1&after=${batch.output_file_id}`), [later], 'where it stood is remembered');
    await client.ask('DELETE', `/v1/files/${later}`);
  });

  const refusals: [what: string, ask: () => Promise<Response>, status: number, code: string, param: string | null][] = [
    ['another purpose', () => client.post('{}', { purpose: 'fine-tune' }), 400, 'invalid_input', 'purpose'],
    ['no purpose', () => client.post('{}', {}), 400, 'invalid_input', 'purpose'],
    [
      'a field that it does not know',
      () => client.post('{}', { purpose: 'batch', name: 'x' }),
      400,
      'unknown_field',
      'body',
    ],
    [
      'too short a life',
      () =>
        client.post('{}', { purpose: 'batch', 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': '5' }),
      400,
      'invalid_input',
      'expires_after.seconds',
    ],
    [
      'another anchor',
      () => client.post('{}', { purpose: 'batch', 'expires_after[anchor]': 'now', 'expires_after[seconds]': '5000' }),
      400,
      'invalid_input',
      'expires_after.anchor',
    ],
    ['a file that is too large', () => client.post('x'.repeat(100_001)), 413, 'body_too_large', null],
    ['one that is said to be', () => client.post('x'.repeat(1_000_000)), 413, 'body_too_large', null],
    [
      'JSON instead of a form',
      () => client.ask('POST', '/v1/files', { purpose: 'batch' }),
      415,
      'unsupported_media_type',
      null,
    ],
  ];
  for (const [what, ask, status, code, param] of refusals) {
    it(`refuses ${what}, and keeps nothing`, async () => {
      const before = readdirSync(path.join(place.folder, 'files'));
      const answer = await ask();
      const { error } = (await answer.json()) as { error: { code: string; param: string | null } };
      assert.deepEqual([answer.status, error.code, error.param], [status, code, param], JSON.stringify(error));
      assert.deepEqual(readdirSync(path.join(place.folder, 'files')), before);
    });
  }

  it('refuses a form without a file, and one that breaks off', async () => {
    const form = new FormData();
    form.set('purpose', 'batch');
    const answer = await fetch(`${service.url}/v1/files`, { method: 'POST', body: form });
    assert.equal(answer.status, 400);
    for (const [what, fill] of Object.entries({
      'file must be sent as a file, with a filename.': (two: FormData) => two.set('file', '{}'),
      'The form has more than one file, or too many fields.': (two: FormData) => {
        two.append('file', new Blob(['{}']), 'a');
        two.append('file', new Blob(['{}']), 'b');
      },
    })) {
      const wrong = new FormData();
      wrong.set('purpose', 'batch');
      fill(wrong);
      const refused = await fetch(`${service.url}/v1/files`, { method: 'POST', body: wrong });
      const { error } = (await refused.json()) as { error: { message: string } };
      assert.deepEqual([refused.status, error.message], [400, what]);
    }
    const broken = await fetch(`${service.url}/v1/files`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
    });
    assert.equal(broken.status, 400, await broken.text());
  });

  it('tells of content with HEAD how long it is, and does not read it', async () => {
    const id = await client.upload(['x'.repeat(90_000)]);
    rmSync(path.join(place.folder, 'files', id));
    const answer = await client.ask('HEAD', `/v1/files/${id}/content`);
    assert.deepEqual([answer.status, answer.headers.get('content-length')], [200, '90000']);
    assert.equal((await client.ask('DELETE', `/v1/files/${id}`)).status, 200);
    // Whoever opens it does not find it, and says so.
    assert.ok(!service.log().includes('ENOENT'), service.log());
  });

  it('keeps nothing of a file whose client leaves, or stalls', async () => {
    const before = readdirSync(path.join(place.folder, 'files'));
    const abort = new AbortController();
    const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n';
    const upload = fetch(`${service.url}/v1/files`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body: new ReadableStream({ start: (stream) => stream.enqueue(Buffer.from(head + 'x'.repeat(50_000))) }),
      duplex: 'half',
      signal: abort.signal,
    });
    upload.catch(() => {});
    const names = () => readdirSync(path.join(place.folder, 'files'));
    await until(() => names().length > before.length);
    abort.abort();
    await assert.rejects(upload);
    await until(() => names().length === before.length);
    const stored = await readMetrics(service.url);
    assert.equal(stored.get('hotvec_batch_api_paused'), 0);
  });

  it('refuses a batch that cannot be meant', async () => {
    const file = await client.upload([requestLine('a', { input: 'x' })]);
    const create = async (fields: Record<string, unknown>) => {
      const body = { input_file_id: file, endpoint: '/v1/embeddings', completion_window: '24h', ...fields };
      const answer = await client.ask('POST', '/v1/batches', body);
      const { error } = (await answer.json()) as { error: { code: string; param: string | null } };
      return [answer.status, error.code, error.param];
    };
    const invalid = (param: string) => [400, 'invalid_input', param];
    assert.deepEqual(await create({ endpoint: '/v1/chat/completions' }), invalid('endpoint'));
    assert.deepEqual(await create({ completion_window: 'soon' }), invalid('completion_window'));
    assert.deepEqual(await create({ completion_window: '169h' }), invalid('completion_window'));
    assert.deepEqual(await create({ metadata: { 'a key': 7 } }), invalid('metadata'));
    assert.deepEqual(
      await create({ output_expires_after: { anchor: 'created_at', seconds: 1 } }),
      invalid('output_expires_after.seconds'),
    );
    assert.deepEqual(await create({ priority: 1 }), [400, 'unknown_field', 'priority']);
    assert.deepEqual(await create({ input_file_id: 'file-x' }), [404, 'file_not_found', 'input_file_id']);
  });

  it('tells log and metrics what becomes of batches', async () => {
    const at = async () => {
      const series = await readMetrics(service.url);
      return {
        completed: series.get('hotvec_batch_api_lines_total{outcome="completed"}') ?? Number.NaN,
        failed: series.get('hotvec_batch_api_lines_total{outcome="failed"}') ?? Number.NaN,
        ended: series.get('hotvec_batch_api_batches_total{status="completed"}') ?? Number.NaN,
        unfinished: series.get('hotvec_batch_api_unfinished'),
        stored: series.get('hotvec_batch_api_stored_bytes') ?? Number.NaN,
        most: series.get('hotvec_batch_api_max_stored_bytes'),
        inside: series.get('hotvec_inflight_bytes'),
        inputs: series.get('hotvec_inputs_total{model="starter"}') ?? Number.NaN,
      };
    };
    const before = await at();
    const lines = Array.from({ length: 300 }, (_, i) =>
      requestLine(`c${i}`, { input: i < 2 ? '' : `text ${i} of it` }),
    );
    const { id } = await client.begin(lines);
    assert.equal((await at()).unfinished, 1);
    await client.until(id);
    const now = await at();
    assert.deepEqual(
      { ...now, stored: now.stored > before.stored },
      {
        completed: before.completed + 298,
        failed: before.failed + 2,
        ended: before.ended + 1,
        unfinished: 0,
        stored: true,
        most: 20 * 2 ** 30,
        inside: 0,
        inputs: before.inputs + 298,
      },
    );
    const told = service
      .log()
      .split('\n')
      .filter((line) => line.includes(id));
    assert.deepEqual(
      told.filter((line) => !line.includes('"msg":"request"')).map((line) => checkLogLine(line)),
      ['batch created', 'batch in progress', 'batch ended'],
    );
    assert.ok(!service.log().includes('of it'), 'no text is in the log');
  });

  it('loses no line when the engine is lost', async () => {
    const lines = Array.from({ length: 600 }, (_, i) =>
      requestLine(`c${i}`, { input: `text ${i} beside a lost engine` }),
    );
    const { id } = await client.begin(lines);
    await client.until(id, ({ request_counts: { completed } }) => completed > 0);
    process.kill(service.engineProcessId('starter') as number, 'SIGKILL');
    const batch = await client.until(id);
    assert.deepEqual(batch.request_counts, { total: 600, completed: 600, failed: 0 });
    assert.match(service.log(), /"msg":"engine lost, restarting it"/);
    const ids = (await client.output(batch)).map(({ custom_id: one }) => one);
    assert.deepEqual(
      ids,
      lines.map((_, i) => `c${i}`),
    );
  });

  it('goes on with the batches of the server before, but not with another model', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => requestLine(`c${i}`, { input: `text ${i}` }));
    const { id } = await client.begin(lines);
    await client.until(id, ({ request_counts: { completed } }) => completed > 0);
    await service.close();
    const file = path.join(place.folder, 'batches', `${id}.json`);
    const job = JSON.parse(readFileSync(file, 'utf8')) as { fingerprint: string; status: string };
    assert.equal(job.status, 'in_progress', 'it was too fast to be interrupted');
    writeFileSync(file, JSON.stringify({ ...job, fingerprint: 'of other weights' }));
    service = await startEmbedderAndReranker({}, { batchDir: place.folder });
    client = new BatchClient(service.url);
    const batch = await client.until(id);
    const [output, errors] = [await client.output(batch), await client.errors(batch)];
    assert.equal(output.length + errors.length, 400);
    assert.ok(errors.length > 0);
    for (const { response } of errors) {
      const error = response?.body.error as { code: string } | undefined;
      assert.deepEqual([response?.status_code, error?.code], [409, 'fingerprint_mismatch']);
    }
  });
});

describe('Batches of several API keys', () => {
  it('are seen by nobody else', async () => {
    const place = batchFolder();
    await withKeysFile({ one: 'key-of-one', two: 'key-of-two' }, async (apiKeysFile) => {
      const service = await startEmbedderAndReranker({}, { batchDir: place.folder, apiKeysFile });
      const [one, two, nobody] = [
        new BatchClient(service.url, 'key-of-one'),
        new BatchClient(service.url, 'key-of-two'),
        new BatchClient(service.url),
      ];
      const batch = await one.until((await one.begin([requestLine('a', { model: 'starter', input: 'x' })])).id);
      assert.equal(batch.status, 'completed', JSON.stringify(batch));
      const paths = [
        `/v1/batches/${batch.id}`,
        `/v1/files/${batch.output_file_id}`,
        `/v1/files/${batch.output_file_id}/content`,
      ];
      for (const url of paths) {
        assert.equal((await one.ask('GET', url)).status, 200);
        assert.equal((await two.ask('GET', url)).status, 404);
        assert.equal((await nobody.ask('GET', url)).status, 401);
      }
      assert.equal((await two.ask('POST', `/v1/batches/${batch.id}/cancel`)).status, 404);
      assert.equal((await one.ask('POST', `/v1/batches/${batch.id}/cancel`)).status, 409);
      assert.equal((await two.ask('DELETE', `/v1/files/${batch.output_file_id}`)).status, 404);
      await service.close();
    });
    place.remove();
  });
});

describe('Without BATCH_DIR', () => {
  it('every route says what to set', async () => {
    const { fetch, close } = await buildStubApp();
    for (const [method, url] of [
      ['GET', '/v1/files'],
      ['GET', '/v1/files/x'],
      ['GET', '/v1/files/x/content'],
      ['DELETE', '/v1/files/x'],
      ['GET', '/v1/batches'],
      ['GET', '/v1/batches/x'],
      ['POST', '/v1/batches/x/cancel'],
    ]) {
      const answer = await fetch(url as string, { method: method as string });
      assert.equal(answer.status, 404, url);
      assert.match(await answer.text(), /BATCH_DIR/);
    }
    const created = await fetch('/v1/batches', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input_file_id: 'x', endpoint: '/v1/embeddings', completion_window: '24h' }),
    });
    assert.equal(created.status, 404);
    await close();
  });
});
