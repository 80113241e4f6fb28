import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { largestDifference } from '../../../support/difference.ts';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { golden } from '../../../support/starter.ts';
import { type EmbeddingsAnswer, embed, emptyText, errorOf, goldenTexts, succeed, vectorsOf } from '../../answers.ts';

const TOLERANCE = 2e-6;
const texts = goldenTexts.map(({ text }) => text);
const total = goldenTexts.reduce((sum, { ids }) => sum + ids.length, 0);

describe('POST /v1/embeddings', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ aliases: ['text-embedding-3-small'] });
  });
  after(() => service.close());

  const assertGolden = (answer: EmbeddingsAnswer, wanted: (number[] | undefined)[]) => {
    const vectors = vectorsOf(answer);
    assert.equal(vectors.length, wanted.length);
    for (const [i, vector] of wanted.entries()) {
      assert.ok(largestDifference(vectors[i] as Float32Array, vector as number[]) < TOLERANCE, `vector ${i}`);
      assert.equal(answer.data[i]?.index, i);
    }
  };

  for (const encoding_format of ['float', 'base64'] as const) {
    it(`gives the vectors and token counts of the reference, ${encoding_format}`, async () => {
      const answer = await embed(service, { input: texts, model: 'starter', encoding_format });
      assertGolden(
        answer,
        goldenTexts.map(({ vector }) => vector),
      );
      assert.equal(answer.model, 'starter');
      assert.deepEqual(answer.usage, { prompt_tokens: total, total_tokens: total });
    });
  }

  it('gives the same numbers as float and as base64, bit for bit; float is the default', async () => {
    for (const dimensions of [256, 64]) {
      const float = await embed(service, { input: texts, dimensions });
      const base64 = await embed(service, { input: texts, dimensions, encoding_format: 'base64' });
      assert.equal(typeof base64.data[0]?.embedding, 'string');
      assert.deepEqual(vectorsOf(float), vectorsOf(base64));
    }
  });

  it('takes a text, texts, token ids and lists of token ids', async () => {
    const [one] = goldenTexts as [(typeof goldenTexts)[number]];
    for (const input of [one.text, [one.text], one.ids, [one.ids]]) {
      const answer = await embed(service, { input });
      assertGolden(answer, [one.vector]);
      assert.equal(answer.usage.prompt_tokens, one.ids.length);
    }
    const answer = await embed(service, { input: [...goldenTexts, emptyText].map(({ ids }) => ids) });
    assertGolden(
      answer,
      [...goldenTexts, emptyText].map(({ vector }) => vector),
    );
  });

  it('counts the tokens of each text as the reference does', async () => {
    for (const { text, ids } of goldenTexts) {
      const { usage } = await embed(service, { input: text, encoding_format: 'base64' });
      assert.deepEqual(usage, { prompt_tokens: ids.length, total_tokens: ids.length }, text);
    }
  });

  for (const dimensions of [32, 64] as const) {
    it(`cuts to ${dimensions} dimensions as the reference does`, async () => {
      const some = goldenTexts.filter((text) => text[`vector_${dimensions}`] !== undefined);
      assert.ok(some.length >= 5);
      assertGolden(
        await embed(service, { input: some.map(({ text }) => text), dimensions }),
        some.map((text) => text[`vector_${dimensions}`]),
      );
    });
  }

  it('puts the query prompt before queries, however it is asked for', async () => {
    const some = goldenTexts.filter(({ query_vector }) => query_vector !== undefined);
    assert.ok(some.length >= 5);
    const input = some.map(({ text }) => text);
    const task = /^Instruct: (.*)\nQuery:$/s.exec(golden.query_prompt)?.[1];
    const ways = [
      { input_type: 'query' },
      { instruction: task },
      { instruction: task, input_type: 'query' },
      { model: 'starter-query' },
      { model: 'text-embedding-3-small-query' },
      { model: 'starter-query', input_type: 'query' },
    ];
    for (const way of ways) {
      assertGolden(
        await embed(service, { input, ...way }),
        some.map(({ query_vector }) => query_vector),
      );
    }
    const plain = await embed(service, { input: some[0]?.text as string });
    assert.ok(largestDifference(vectorsOf(plain)[0] as Float32Array, some[0]?.query_vector as number[]) > 0.01);
  });

  it('embeds documents bare, by every name of theirs, and answers with the served name', async () => {
    const [one] = goldenTexts as [(typeof goldenTexts)[number]];
    const ways = [{ input_type: 'document' }, { input_type: 'passage' }, { model: 'starter-document' }, { user: 'me' }];
    for (const way of [...ways, { model: 'text-embedding-3-small' }]) {
      const answer = await embed(service, { input: one.text, ...way });
      assertGolden(answer, [one.vector]);
      assert.equal(answer.model, 'starter');
    }
  });

  it('takes null for absent in every optional field', async () => {
    const [one] = goldenTexts as [(typeof goldenTexts)[number]];
    const optional = [
      'model',
      'encoding_format',
      'dimensions',
      'user',
      'input_type',
      'instruction',
      'truncate',
      'normalize',
      'output_dtype',
      'on_error',
    ];
    const nulls = Object.fromEntries(optional.map((field) => [field, null]));
    assertGolden(await embed(service, { input: one.text, ...nulls }), [one.vector]);
    const missing = await service.post('/v1/embeddings', { input: null });
    assert.equal((await errorOf(missing)).message, 'input is missing.');
  });

  it('refuses contradictory requests and invalid Unicode', async () => {
    const bodies = [
      [{ input: 'x', model: 'starter-query', input_type: 'document' }, 'input_type'],
      [{ input: 'x', instruction: 'Find it', input_type: 'document' }, 'instruction'],
      [{ input: [1, 2], input_type: 'query' }, 'input'],
      [{ input: [[1], [2]], instruction: 'Find it' }, 'input[0]'],
      [{ input: 'x', instruction: '\ud800' }, 'instruction'],
      [{ input: ['x', '\udc00y'] }, 'input[1]'],
    ] as const;
    for (const [body, param] of bodies) {
      const response = await service.post('/v1/embeddings', body);
      assert.equal(response.status, 400);
      const error = await errorOf(response);
      assert.deepEqual([error.code, error.param], ['invalid_input', param]);
    }
  });

  it('leaves vectors as the model pooled them with normalize: false', async () => {
    const [one] = goldenTexts as [(typeof goldenTexts)[number]];
    const [raw] = vectorsOf(await embed(service, { input: one.text, normalize: false })) as [Float32Array];
    const norm = Math.hypot(...raw);
    assert.ok(Math.abs(norm - 1) > 0.01, `norm ${norm}`);
    assert.ok(
      largestDifference(
        raw.map((value) => value / norm),
        one.vector,
      ) < TOLERANCE,
    );
    assertGolden(await embed(service, { input: one.text, normalize: true }), [one.vector]);
  });

  it('answers at /embeddings too', async () => {
    const [one] = goldenTexts as [(typeof goldenTexts)[number]];
    const { answer } = await succeed<EmbeddingsAnswer>(service, '/embeddings', { input: one.text });
    assertGolden(answer, [one.vector]);
  });

  it('repeats a well-formed x-request-id and replaces any other', async () => {
    const send = async (id: string) =>
      (await service.post('/v1/embeddings', { input: 'x' }, { 'x-request-id': id })).headers.get('x-request-id');
    for (const id of ['a', 'Trace.1_2-3', 'x'.repeat(64)]) assert.equal(await send(id), id);
    for (const id of ['', 'a b', 'x'.repeat(65), 'a"b', 'é', '../a'])
      assert.match((await send(id)) ?? '', /^[0-9a-f-]{36}$/);
    assert.match(service.log(), /"reqId":"Trace\.1_2-3"/);
  });

  it('tells the time of each stage and the vector space', async () => {
    const { headers } = await succeed(service, '/v1/embeddings', { input: 'x' });
    assert.match(
      headers.get('server-timing') ?? '',
      /^tokenize;dur=[\d.]+, queue;dur=[\d.]+, infer;dur=[\d.]+, encode;dur=[\d.]+$/,
    );
    assert.match(headers.get('openai-processing-ms') ?? '', /^\d+$/);
    assert.equal(headers.get('openai-version'), '2020-10-01');
    const models = (await (await fetch(`${service.url}/v1/models`)).json()) as { data: { fingerprint: string }[] };
    const fingerprint = headers.get('x-embedding-fingerprint') as string;
    assert.equal(fingerprint, models.data[0]?.fingerprint);
    const same = await service.post('/v1/embeddings', { input: 'x' }, { 'x-expect-fingerprint': fingerprint });
    assert.equal(same.status, 200);
    assert.match(
      await (await fetch(`${service.url}/metrics`)).text(),
      new RegExp(`^hotvec_build_info\\{.*fingerprint="${fingerprint}"`, 'm'),
    );
    for (const [path, body] of [
      ['/v1/embeddings', { input: 'x' }],
      ['/embeddings', { input: 'x' }],
      ['/v1/embeddings', { input: ['x', ''], on_error: 'partial' }],
      ['/v1/similarity', { queries: 'x', documents: 'y' }],
    ] as const) {
      const other = await service.post(path, body, { 'x-expect-fingerprint': 'another' });
      assert.deepEqual([other.status, (await errorOf(other)).code], [409, 'fingerprint_mismatch'], path);
    }
  });

  it('answers who uses no extension with what the OpenAI API answers, and no more', async () => {
    const { answer } = await succeed<EmbeddingsAnswer>(service, '/v1/embeddings', {
      input: ['x', 'y'],
      model: 'starter',
    });
    assert.deepEqual(Object.keys(answer), ['object', 'data', 'model', 'usage']);
    assert.deepEqual(Object.keys(answer.usage), ['prompt_tokens', 'total_tokens']);
    for (const item of answer.data) assert.deepEqual(Object.keys(item), ['object', 'index', 'embedding']);
  });
});
