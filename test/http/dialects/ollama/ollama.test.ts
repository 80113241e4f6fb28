import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../../../src/package-info.ts';
import { largestDifference } from '../../../support/difference.ts';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { embed, goldenTexts, succeed, vectorsOf } from '../../answers.ts';
import { publishedApi } from '../published-api.ts';

interface EmbedAnswer {
  model: string;
  embeddings: number[][];
  total_duration: number;
  load_duration: number;
  prompt_eval_count: number;
}

const LIMIT = 40;
const published = publishedApi('ollama');
type GoldenText = (typeof goldenTexts)[number];
const [first, second] = goldenTexts.filter(({ ids }) => ids.length <= 12) as [GoldenText, GoldenText];
const long = Array.from({ length: 80 }, (_, i) => `word${i}`).join(' ');

describe('The dialect of Ollama', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: LIMIT, maxInputs: 4, aliases: ['alias', 'tagged:small'] });
  });
  after(() => service.close());

  const call = async (body: object) => {
    const { answer, headers } = await succeed<EmbedAnswer>(service, '/api/embed', { model: 'starter', ...body });
    assert.equal(published.check('EmbedResponse', answer), null);
    assert.deepEqual(Object.keys(answer).sort(), published.fieldsOf('EmbedResponse').sort());
    return { ...answer, headers };
  };
  const ours = async (body: object) => (await embed(service, body)).data.map(({ embedding }) => embedding);
  const refused = async (path: string, body: object): Promise<[number, string]> => {
    const response = await service.post(path, body);
    const answer = (await response.json()) as { error: string };
    assert.equal(published.check('ErrorResponse', answer), null);
    return [response.status, answer.error];
  };

  it('answers the vectors of /v1/embeddings for a text and texts, to the bit, and counts their tokens', async () => {
    for (const input of [first.text, [first.text, second.text]]) {
      const { embeddings, model, prompt_eval_count, load_duration, total_duration } = await call({ input });
      assert.deepEqual(embeddings, await ours({ input }));
      const tokens = first.ids.length + (typeof input === 'string' ? 0 : second.ids.length);
      assert.deepEqual([model, prompt_eval_count, load_duration], ['starter', tokens, 0]);
      // Nanoseconds: nothing takes less than ten microseconds.
      assert.ok(Number.isInteger(total_duration) && total_duration > 10_000);
    }
  });

  it('takes every field that Ollama has', async () => {
    const all = { model: 'starter', truncate: true, dimensions: 32, keep_alive: '5m', options: { num_ctx: 2048 } };
    const body = { input: first.text, ...all };
    assert.equal(published.check('EmbedRequest', body), null);
    assert.deepEqual(Object.keys(body).sort(), published.fieldsOf('EmbedRequest').sort());
    assert.deepEqual((await call(body)).embeddings, await ours({ input: first.text, dimensions: 32 }));
    const absent = Object.fromEntries(Object.keys(all).map((field) => [field, null]));
    const { embeddings } = await call({ ...absent, model: 'starter', input: first.text, keep_alive: -1 });
    assert.deepEqual(embeddings, await ours({ input: first.text }));
    assert.deepEqual(await refused('/api/embed', { ...body, dimensions: 31 }), [
      400,
      'dimensions is 31; this model supports 32 to 256.',
    ]);
  });

  it('matches names with and without :latest, and no other tag', async () => {
    const query = await ours({ input: first.text, input_type: 'query' });
    const bare = await ours({ input: first.text });
    for (const [model, wanted] of [
      ['starter', bare],
      ['starter:latest', bare],
      ['alias:latest', bare],
      ['tagged:small', bare],
      ['starter-query', query],
      ['alias-query:latest', query],
    ] as const) {
      const answer = await call({ model, input: first.text });
      assert.deepEqual([answer.model, answer.embeddings], [model, wanted]);
    }
    for (const model of ['starter:small', 'tagged', 'tagged:latest', ':latest', 'starter:latest:latest', 'other']) {
      const [status, error] = await refused('/api/embed', { model, input: 'x' });
      assert.deepEqual([model, status, /^model not found, try pulling it first/.test(error)], [model, 404, true]);
    }
    assert.deepEqual(await refused('/api/embed', { input: 'x' }), [400, 'model is missing.']);
    for (const path of ['/api/embed', '/api/embeddings']) {
      assert.deepEqual(await refused(path, { model: '' }), [400, 'model is an empty string; it must not be empty.']);
    }
  });

  it('matches names in any case of letters, as Ollama does', async () => {
    const query = await ours({ input: first.text, input_type: 'query' });
    const bare = await ours({ input: first.text });
    for (const [model, wanted] of [
      ['Starter', bare],
      ['STARTER:LATEST', bare],
      ['Tagged:Small', bare],
      ['starter:Latest-Query', query],
      ['Alias-QUERY:latest', query],
    ] as const) {
      const answer = await call({ model, input: first.text });
      assert.deepEqual([answer.model, answer.embeddings], [model, wanted]);
      assert.deepEqual(await ours({ input: first.text, model }), wanted, model);
    }
    for (const model of ['Starte', 'Tagged', 'Starter:Small']) {
      assert.equal((await refused('/api/embed', { model, input: 'x' }))[0], 404, model);
    }
  });

  it('matches them in every other API, too, where the same client may ask next', async () => {
    const query = await ours({ input: first.text, input_type: 'query' });
    for (const model of ['starter-query:latest', 'alias:latest-query']) {
      assert.deepEqual(await ours({ input: first.text, model }), query);
      const cohere = { model, texts: [first.text], input_type: 'search_query' };
      const { answer } = await succeed<{ embeddings: { float: number[][] } }>(service, '/v2/embed', cohere);
      assert.deepEqual(answer.embeddings.float, query);
    }
    for (const id of ['starter:latest', 'alias:latest', 'tagged:small']) {
      const model = (await (await fetch(`${service.url}/v1/models/${id}`)).json()) as { id: string; root: string };
      assert.deepEqual([model.id, model.root], [id, 'starter']);
    }
    for (const model of ['starter:small', 'tagged', 'starter:latest:latest', ':latest', 'starter-query-query:latest']) {
      assert.equal((await service.post('/v1/embeddings', { model, input: 'x' })).status, 404, model);
    }
  });

  it('cuts the end of what is too long unless told otherwise, and says so in a header', async () => {
    const wanted = await ours({ input: long, truncate: 'end' });
    for (const truncate of [undefined, null, true]) {
      const { embeddings, headers } = await call({ input: long, truncate });
      assert.deepEqual(embeddings, wanted);
      assert.equal(headers.get('x-truncated-inputs'), '1');
    }
    const [status, error] = await refused('/api/embed', { model: 'starter', input: ['x', long], truncate: false });
    assert.equal(status, 400);
    assert.match(error, /^the input length exceeds the context length: input\[1\] has \d+ tokens; the limit is 40/);
  });

  it('gives no vectors when there is nothing to embed, as when Ollama only loads the model', async () => {
    for (const input of ['', [], undefined, null]) assert.deepEqual((await call({ input })).embeddings, []);
    assert.deepEqual((await succeed(service, '/api/embeddings', { model: 'starter' })).answer, { embedding: [] });
    assert.equal((await refused('/api/embed', { model: 'other' }))[0], 404);
    assert.equal((await refused('/api/embeddings', { model: 'other' }))[0], 404);
  });

  it('names what is wrong with inputs', async () => {
    const rows: [object, RegExp][] = [
      [{ input: ['a', ''] }, /^input\[1\] is empty/],
      [{ input: [...Array(5).fill('a'), ''] }, /^input\[5\] is empty/],
      [{ input: [1, 2] }, /^input/],
      [{ input: ['a', '\ud800'] }, /^input\[1\] is not valid Unicode/],
      [{ input: 'a', options: 'fast' }, /^options is a string; expected an object/],
      [{ input: 'a', keep_alive: true }, /^keep_alive is a boolean/],
    ];
    for (const [body, message] of rows) {
      const [status, error] = await refused('/api/embed', { model: 'starter', ...body });
      assert.equal(status, 400);
      assert.match(error, message);
    }
    assert.match((await refused('/api/embeddings', { model: 'starter', prompt: '\ud800' }))[1], /^prompt is not valid/);
    assert.match((await refused('/api/embeddings', { model: 'starter', prompt: 7 }))[1], /^prompt is a number/);
  });

  it('refuses millions of inputs where they are read: to hold them took the event loop 14 s, and 2 GB', async () => {
    const input = Array<string>(100_001).fill('a');
    const [status, error] = await refused('/api/embed', { model: 'starter', input });
    assert.deepEqual([status, error], [400, 'Cannot embed 100,001 inputs: the limit is 100,000 per request.']);
  });

  it('takes thousands of inputs and any number of tokens, more than a request of the other APIs may have', async () => {
    const small = await startService({ maxInputs: 4, maxRequestTokens: 64, aliases: [] });
    const input = Array.from({ length: 3_000 }, (_, i) => `text ${i % 700}`);
    assert.equal((await small.post('/v1/embeddings', { input })).status, 400);
    const { answer } = await succeed<{ embeddings: number[][]; prompt_eval_count: number }>(small, '/api/embed', {
      model: 'starter',
      input,
    });
    assert.equal(answer.embeddings.length, input.length);
    assert.ok(answer.prompt_eval_count > 64);
    for (const i of [0, 699, 2_999]) {
      const [alone] = vectorsOf(await embed(small, { input: input[i] }));
      const row = Float32Array.from(answer.embeddings[i] ?? []);
      assert.ok(largestDifference(row, alone as Float32Array) < 1e-6, `text ${i}`);
    }
    await small.close();
  });

  it('/api/embeddings answers one vector, of the same text the same', async () => {
    const options = { temperature: 0 };
    const embeddings = async (body: object) =>
      (await succeed<{ embedding: number[] }>(service, '/api/embeddings', body)).answer;
    const body = { model: 'starter', prompt: first.text, keep_alive: '1m', options };
    assert.deepEqual(await embeddings(body), { embedding: (await ours({ input: first.text }))[0] });
    const cut = await embeddings({ model: 'starter-query', prompt: long });
    const [wanted] = await ours({ input: long, input_type: 'query', truncate: 'end' });
    assert.deepEqual(cut, { embedding: wanted });
  });

  it('/api/tags lists names that /api/embed takes', async () => {
    const answer = (await (await fetch(`${service.url}/api/tags`)).json()) as { models: Record<string, unknown>[] };
    assert.equal(published.check('ListResponse', answer), null);
    assert.deepEqual(
      answer.models.map(({ name }) => name),
      ['starter:latest', 'alias:latest', 'tagged:small'],
    );
    const models = (await (await fetch(`${service.url}/v1/models`)).json()) as { data: { fingerprint: string }[] };
    for (const { name, model, digest, modified_at, details } of answer.models) {
      assert.deepEqual([model, digest], [name, models.data[0]?.fingerprint]);
      assert.ok(Math.abs(Date.parse(modified_at as string) - Date.now()) < 600_000);
      assert.equal((details as { quantization_level: string }).quantization_level, 'fp32');
      assert.equal((await call({ model: name, input: first.text })).embeddings.length, 1);
    }
  });

  it('/api/ps lists the served model and its aliases, loaded for as long as anybody asks', async () => {
    const answer = (await (await fetch(`${service.url}/api/ps`)).json()) as { models: Record<string, unknown>[] };
    assert.equal(published.check('PsResponse', answer), null);
    const tags = (await (await fetch(`${service.url}/api/tags`)).json()) as { models: Record<string, unknown>[] };
    assert.deepEqual(
      answer.models.map(({ expires_at: _, context_length: __, size_vram: ___, ...listed }) => listed),
      tags.models.map(({ modified_at: _, ...listed }) => listed),
    );
    const bytes = statSync(path.join(packageRoot, 'models', 'starter', 'model.safetensors')).size;
    for (const { expires_at, context_length, size, size_vram } of answer.models) {
      assert.deepEqual([size, size_vram], [bytes, 0]);
      assert.ok(Date.parse(expires_at as string) > Date.now() + 1e12);
      assert.equal(context_length, LIMIT);
    }
  });

  it('GET and HEAD / say that Ollama is running, in its words', async () => {
    const get = await fetch(`${service.url}/`);
    assert.deepEqual(
      [get.status, get.headers.get('content-type'), await get.text()],
      [200, 'text/plain; charset=utf-8', 'Ollama is running'],
    );
    for (const path of ['/', '/api/version', '/api/tags']) {
      const head = await fetch(service.url + path, { method: 'HEAD' });
      assert.deepEqual([path, head.status, await head.text()], [path, 200, '']);
    }
  });

  it('/api/pull finds what is served, for clients that pull what they do not see listed by the very name', async () => {
    // The second as Ollama's Go client sends it (api.PullRequest).
    for (const body of [
      { model: 'starter' },
      { model: 'Alias:latest', insecure: true, username: '', password: '', stream: false, name: '' },
      { name: 'starter-query', stream: true },
    ]) {
      const { answer } = await succeed<Record<string, unknown>>(service, '/api/pull', body);
      assert.deepEqual(answer, { status: 'success' });
    }
    const [status, error] = await refused('/api/pull', { model: 'other' });
    assert.deepEqual([status, /it serves starter/.test(error as string)], [404, true]);
    assert.deepEqual(await refused('/api/pull', {}), [400, 'model is missing.']);
  });

  it('/api/show tells what clients look for before they embed', async () => {
    // What Ollama's Go client sends (api.ShowRequest): each field, the older name beside the newer.
    const empty = { system: '', template: '', verbose: false, options: null };
    for (const body of [
      { model: 'starter', verbose: true },
      { name: 'alias:latest' },
      { ...empty, model: 'starter', name: '' },
      { ...empty, model: '', name: 'alias-query:latest' },
      { model: 'starter', system: 'Be brief.', template: '{{ .Prompt }}', options: { num_ctx: 512 } },
    ]) {
      const { answer } = await succeed<Record<string, unknown>>(service, '/api/show', body);
      assert.equal(published.check('ShowResponse', answer), null);
      assert.deepEqual(answer.capabilities, ['embedding']);
      const info = answer.model_info as Record<string, string | number>;
      const architecture = info['general.architecture'];
      assert.deepEqual(
        [info[`${architecture}.context_length`], info[`${architecture}.embedding_length`]],
        [LIMIT, 256],
      );
    }
    assert.equal((await refused('/api/show', { model: 'other' }))[0], 404);
    for (const body of [{}, { model: '' }, { model: '', name: '' }]) {
      assert.deepEqual(await refused('/api/show', body), [400, 'model is missing.']);
    }
  });

  it('/api/version tells a version as Ollama writes them', async () => {
    const answer = (await (await fetch(`${service.url}/api/version`)).json()) as { version: string };
    assert.equal(published.check('VersionResponse', answer), null);
    assert.match(answer.version, /^\d+\.\d+\.\d+$/);
  });
});
