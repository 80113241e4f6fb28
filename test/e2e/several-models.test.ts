import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { largestDifference } from '../support/difference.ts';
import { checkLogLine } from '../support/log-lines.ts';
import { paddedFixtures, paddedGolden } from '../support/padded-fixtures.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { golden } from '../support/starter.ts';

const qwen3Fixtures = path.join(packageRoot, 'test', 'fixtures', 'qwen3-variants');
const bertFolder = path.join(paddedFixtures, 'bert-mean');
const bert = paddedGolden('bert-mean').texts.find(
  ({ query_vector: vector, text }) => vector !== undefined && text !== '',
);
const starter = golden.texts.find(({ query_vector: vector, text }) => vector !== undefined && text !== '');

describe('A service of two models', () => {
  let folder: string;
  let service: RunningService;
  before(async () => {
    assert.ok(bert !== undefined && starter !== undefined);
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const file = path.join(folder, 'models.yaml');
    const lines = [
      'models:',
      '  - model: starter',
      '    aliases: [text-embedding-3-small]',
      `  - model: ${bertFolder}`,
      '    served_model_name: owner/bert',
      '    aliases: [bert]',
      '    max_input_tokens: 32',
      '    max_batch_tokens: 256',
    ];
    writeFileSync(file, lines.join('\n'));
    service = await startService({ modelsFile: file, device: 'cpu' });
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });

  const get = async (route: string) => {
    const response = await fetch(service.url + route);
    return { status: response.status, body: (await response.json()) as never };
  };
  const post = async (route: string, body: unknown) => {
    const response = await service.post(route, body);
    return { status: response.status, headers: response.headers, body: (await response.json()) as never };
  };
  const isNear = (found: unknown, vector: readonly number[] | undefined) =>
    largestDifference(found as number[], vector as number[]) < 2e-6;

  it('gives each name, alias and suffix the vectors of its model', async () => {
    for (const [model, text, served, vector] of [
      ['starter', starter?.text, 'starter', starter?.vector],
      ['Text-Embedding-3-small', starter?.text, 'starter', starter?.vector],
      ['starter-query', starter?.text, 'starter', starter?.query_vector],
      ['owner/bert', bert?.text, 'owner/bert', bert?.vector],
      ['bert:latest', bert?.text, 'owner/bert', bert?.vector],
      ['bert-query', bert?.text, 'owner/bert', bert?.query_vector],
    ] as const) {
      const { status, body } = await post('/v1/embeddings', { model, input: text });
      assert.equal(status, 200, model);
      const { data, model: name } = body as { data: { embedding: number[] }[]; model: string };
      assert.equal(name, served);
      assert.ok(isNear(data[0]?.embedding, vector), model);
    }
  });

  it('picks none for a request that names none, or one that is not served', async () => {
    for (const [route, body] of [
      ['/v1/embeddings', { input: 'x' }],
      ['/v1/similarity', { queries: 'x', documents: 'y' }],
      ['/v1/tokenize', { input: 'x' }],
    ] as const) {
      const { status, body: answer } = await post(route, body);
      const { error } = answer as { error: { message: string; param: string; code: string } };
      assert.deepEqual([status, error.code, error.param], [400, 'invalid_input', 'model'], route);
      assert.match(error.message, /serves starter, text-embedding-3-small, owner\/bert, bert\./);
      const unknown = await post(route, { ...body, model: 'nobody' });
      assert.deepEqual(
        [unknown.status, (unknown.body as { error: { code: string } }).error.code],
        [404, 'model_not_found'],
      );
    }
    for (const [route, body] of [
      ['/api/embed', { input: 'x' }],
      ['/v2/embed', { texts: ['x'], input_type: 'search_query' }],
    ] as const) {
      assert.equal((await post(route, { ...body, model: 'nobody' })).status, 404, route);
    }
  });

  it('answers its own routes by the model that they name', async () => {
    const compared = await post('/v1/similarity', { model: 'bert', queries: bert?.text, documents: [bert?.text] });
    assert.equal((compared.body as { model: string }).model, 'owner/bert');
    const read = await post('/v1/tokenize', { model: 'bert', input: bert?.text });
    const {
      model,
      max_input_tokens: most,
      data,
    } = read.body as {
      model: string;
      max_input_tokens: number;
      data: { tokens: number[] }[];
    };
    assert.deepEqual([model, most, data[0]?.tokens], ['owner/bert', 32, bert?.ids]);
  });

  it('answers the routes of Cohere and Ollama by the model that they name', async () => {
    const cohere = await post('/v2/embed', {
      model: 'bert',
      texts: [bert?.text],
      input_type: 'search_query',
      embedding_types: ['float'],
    });
    assert.ok(isNear((cohere.body as { embeddings: { float: number[][] } }).embeddings.float[0], bert?.query_vector));
    for (const [name, text, vector] of [
      ['starter', starter?.text, starter?.vector],
      ['bert:latest', bert?.text, bert?.vector],
    ] as const) {
      const embed = await post('/api/embed', { model: name, input: text });
      assert.ok(isNear((embed.body as { embeddings: number[][] }).embeddings[0], vector), name);
      const old = await post('/api/embeddings', { model: name, prompt: text });
      assert.ok(isNear((old.body as { embedding: number[] }).embedding, vector), name);
    }
    for (const route of ['/api/tags', '/api/ps']) {
      const { models } = (await get(route)).body as { models: { name: string; digest: string }[] };
      const names = models.map(({ name }) => name);
      assert.deepEqual(
        names,
        ['starter', 'text-embedding-3-small', 'owner/bert', 'bert'].map((name) => `${name}:latest`),
        route,
      );
      const [first, second, third] = models;
      assert.equal(first?.digest, second?.digest);
      assert.notEqual(first?.digest, third?.digest);
    }
    const shown = await post('/api/show', { model: 'bert' });
    const { model_info: info } = shown.body as { model_info: Record<string, unknown> };
    assert.equal(info['hotvec.context_length'], 32);
    assert.equal((await post('/api/pull', { model: 'owner/bert' })).status, 200);
  });

  it('answers the routes of text-embeddings-inference by the first model, which /info names', async () => {
    assert.equal(((await get('/info')).body as { model_id: string }).model_id, 'starter');
    const embedded = await post('/embed', { inputs: starter?.text });
    assert.ok(isNear((embedded.body as number[][])[0], starter?.vector));
    const vertex = await post('/vertex', { instances: [{ inputs: starter?.text }] });
    assert.ok(isNear((vertex.body as { predictions: number[][][] }).predictions[0]?.[0], starter?.vector));
    const tokens = await post('/tokenize', { inputs: [starter?.text] });
    assert.deepEqual(
      (tokens.body as { id: number }[][])[0]?.map(({ id }) => id),
      starter?.ids,
    );
  });

  it('lists its models with task, dimensions, limits, device and fingerprint', async () => {
    const { data } = (await get('/v1/models')).body as { data: Record<string, unknown>[] };
    assert.deepEqual(
      data.map(({ id, root, task, max_input_tokens: most, batch_tokens: batch, device }) => [
        id,
        root,
        task,
        most,
        typeof batch,
        device,
      ]),
      [
        ['starter', 'starter', 'embed', 8192, 'number', 'cpu'],
        ['text-embedding-3-small', 'starter', 'embed', 8192, 'number', 'cpu'],
        ['owner/bert', 'owner/bert', 'embed', 32, 'number', 'cpu'],
        ['bert', 'owner/bert', 'embed', 32, 'number', 'cpu'],
      ],
    );
    assert.equal(data[2]?.dimensions, bert?.vector.length);
    const fingerprints = data.map(({ fingerprint }) => fingerprint);
    assert.equal(new Set(fingerprints).size, 2);
    assert.deepEqual((await get('/v1/models/owner/bert')).body, data[2]);
    const headers = (await post('/v1/embeddings', { model: 'bert', input: 'x' })).headers;
    assert.equal(headers.get('x-embedding-fingerprint'), fingerprints[2]);
  });

  it('tells by probes how each is', async () => {
    for (const [route, expected] of [
      ['/readyz', 'ready'],
      ['/livez', 'ok'],
    ] as const) {
      const { status, body } = await get(route);
      const {
        status: said,
        models,
        engine,
      } = body as {
        status: string;
        models: { name: string; status: string; engine: { state: string } }[];
        engine?: unknown;
      };
      assert.deepEqual([status, said, engine], [200, expected, undefined]);
      assert.deepEqual(
        models.map((one) => [one.name, one.status, one.engine.state]),
        [
          ['starter', 'ready', 'ready'],
          ['owner/bert', 'ready', 'ready'],
        ],
      );
    }
  });

  it('counts and logs by model', async () => {
    const before = await readMetrics(service.url);
    await post('/v1/embeddings', { model: 'bert', input: ['only', 'here'] });
    const now = await readMetrics(service.url);
    const rise = (series: string) => (now.get(`hotvec_${series}`) ?? 0) - (before.get(`hotvec_${series}`) ?? 0);
    assert.deepEqual([rise('inputs_total{model="owner/bert"}'), rise('inputs_total{model="starter"}')], [2, 0]);
    assert.equal(rise('http_requests_total{method="POST",route="/v1/embeddings",model="owner/bert",status="200"}'), 1);
    assert.equal(rise('batch_items_sum{model="starter"}'), 0);
    assert.ok(rise('batch_items_sum{model="owner/bert"}') > 0);
    assert.equal(now.get('hotvec_batch_budget_tokens{model="owner/bert"}'), 256);
    for (const model of ['starter', 'owner/bert']) {
      assert.equal(now.get(`hotvec_engine_up{model="${model}"}`), 1);
      assert.ok(
        [...now.keys()].some((name) => name.startsWith('hotvec_build_info{') && name.includes(`model="${model}"`)),
      );
    }
    const lines = service.log().trim().split('\n');
    for (const line of lines) checkLogLine(line);
    const parsed = lines.map(
      (line) => JSON.parse(line) as { msg: string; model?: string; models?: { model: string }[] },
    );
    assert.deepEqual(
      parsed.flatMap(({ msg, model }) => (msg === 'engine ready' ? [model] : [])),
      ['starter', 'owner/bert'],
    );
    assert.deepEqual(
      parsed.find(({ msg }) => msg === 'ready')?.models?.map(({ model }) => model),
      ['starter', 'owner/bert'],
    );
    assert.equal(parsed.findLast(({ msg }) => msg === 'request')?.model, 'owner/bert');
  });
});

describe('hotvec with several models that it cannot serve', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('says what they take of memory, and what there is, before it loads any', async () => {
    const root = path.join(folder, 'cgroup');
    const membership = path.join(folder, 'membership');
    mkdirSync(path.join(root, 'box'), { recursive: true });
    writeFileSync(path.join(root, 'box', 'memory.max'), `${150 * 2 ** 20}\n`);
    writeFileSync(membership, '0::/box\n');
    const cgroup = { root, membership };
    await assert.rejects(
      startService({ model: `starter,${bertFolder}`, device: 'cpu' }, undefined, { cgroup }),
      /The models need at least 0\.\d\d GiB of memory \(starter 0\.\d\d GiB, bert-mean 0\.\d\d GiB\), but there are only 0\.15 GiB \(.*memory\.max\)/,
    );
    // One of them fits.
    await (await startService({ model: bertFolder, device: 'cpu' }, undefined, { cgroup })).close();
  });

  it('says which of them cannot be opened', async () => {
    const broken = path.join(qwen3Fixtures, 'bf16-deep');
    await assert.rejects(startService({ model: `starter,${broken}`, device: 'cpu' }), ({ message }: Error) =>
      message.startsWith(`${broken}: tokenizer.json `),
    );
  });

  it('lists their problems along with the others, and exits with 78', async () => {
    const file = path.join(folder, 'models.yaml');
    writeFileSync(
      file,
      `models:\n  - model: starter\n  - model: ${bertFolder}\n    served_model_name: starter\n    quantize: yes\n`,
    );
    const wrong = spawnCli(['serve'], { MODELS_FILE: file, PORT: 'eighty' });
    assert.equal(await wrong.exit, 78);
    assert.match(wrong.output(), /PORT is "eighty"/);
    writeFileSync(file, `models:\n  - model: starter\n  - model: ${bertFolder}\n    quantize: yes\n`);
    const unknown = spawnCli(['serve'], { MODELS_FILE: file });
    assert.equal(await unknown.exit, 78);
    assert.match(unknown.output(), /models\.yaml:4: quantize is not a setting of a model/);
    const twice = spawnCli(['serve'], { MODEL: 'starter,starter' });
    assert.equal(await twice.exit, 78);
    assert.match(twice.output(), /Two models have the name starter/);
  });

  it('verifies each of them', async () => {
    const verified = spawnCli(['verify', `starter,${bertFolder}`, '--device', 'cpu']);
    assert.equal(await verified.exit, 0, verified.output());
    assert.match(
      verified.output(),
      /starter, safetensors in fp32 on cpu, fingerprint [\s\S]*bert-mean, onnx in fp32 on cpu, fingerprint /,
    );
  });
});
