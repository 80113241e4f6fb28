import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { describeModel } from '../../src/formats/describe-model.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { startFailure } from '../support/start-failure.ts';
import { STATIC_MODELS, type StaticCase, staticCases, staticFixtures } from '../support/static-fixtures.ts';
import { realEngineEntry } from '../support/supervised-engine.ts';

/** Of unit vectors, to those of the tools, which add in float32. */
const TOLERANCE = 2e-6;

const isZeros = (vector: number[]) => vector.every((component) => component === 0);
const comparable = (vector: number[]) => (isZeros(vector) ? vector : normalized(vector));

interface Answer {
  data: { embedding: number[]; error?: { code: string; message: string; param: string }; index: number }[];
  usage: { prompt_tokens: number };
}

describe('static models, as sentence-transformers and model2vec compute them', () => {
  let service: RunningService;
  before(async () => {
    const model = STATIC_MODELS.map((name) => path.join(staticFixtures, name)).join(',');
    service = await startService({ model, emptyTexts: 'zeros', logLevel: 'warn', vectorCacheMb: 1 });
  });
  after(() => service.close());

  async function embed(model: string, input: unknown, options: Record<string, unknown> = {}): Promise<Answer> {
    const response = await service.post('/v1/embeddings', { model, input, ...options });
    const body = await response.json();
    assert.equal(response.status, 200, JSON.stringify(body));
    return body as Answer;
  }
  const cut = { truncate: 'end' };

  for (const name of STATIC_MODELS) {
    const cases = staticCases(name);

    it(`gives ${name} the tool's vectors, zeros where it does, and its lengths`, async () => {
      const { data } = await embed(
        name,
        cases.map(({ text }) => text),
        cut,
      );
      for (const [i, { text, vector }] of cases.entries()) {
        const found = data[i]?.embedding as number[];
        assert.ok(largestDifference(comparable(found), comparable(vector)) <= TOLERANCE, text.slice(0, 40));
        const [length, wanted] = [Math.hypot(...found), Math.hypot(...vector)];
        assert.ok(Math.abs(length - wanted) <= TOLERANCE * wanted, `${length} instead of ${wanted}`);
      }
    });

    it(`counts the tokens that ${name} averages, and says what was cut`, async () => {
      for (const { text, tokens, cut: isCut } of cases) {
        const { usage, data } = await embed(name, [text], cut);
        assert.equal(usage.prompt_tokens, tokens, text.slice(0, 40));
        assert.equal('truncated' in (data[0] as object), isCut, text.slice(0, 40));
      }
    });

    it(`gives a text of ${name} the same vector alone, in any batch and out of the cache`, async () => {
      const texts = cases.map(({ text }) => text);
      const [together, reversed, again] = await Promise.all(
        [texts, [...texts].reverse(), texts].map((input) => embed(name, input, { ...cut, encoding_format: 'base64' })),
      );
      for (const [i, text] of texts.entries()) {
        const alone = await embed(name, text, { ...cut, encoding_format: 'base64' });
        const wanted = alone.data[0]?.embedding;
        assert.equal(together?.data[i]?.embedding, wanted);
        assert.equal(again?.data[i]?.embedding, wanted);
        assert.equal(reversed?.data[texts.length - 1 - i]?.embedding, wanted);
      }
    });

    it(`refuses texts that ${name} would cut, unless asked to`, async () => {
      for (const { text, cut: isCut } of cases) {
        const response = await service.post('/v1/embeddings', { model: name, input: [text] });
        const { error } = (await response.json()) as { error?: { code: string } };
        assert.equal(error?.code, isCut ? 'input_too_long' : undefined, text.slice(0, 40));
      }
    });
  }

  it('puts the prompts of sentence-transformers before texts, before an empty one too', async () => {
    const name = 'sentence-transformers';
    const cases = staticCases(name);
    const { data } = await embed(
      name,
      cases.map(({ text }) => text),
      { input_type: 'query' },
    );
    for (const [i, { text, queryVector }] of cases.entries()) {
      const found = data[i]?.embedding as number[];
      assert.ok(largestDifference(found, queryVector as number[]) <= TOLERANCE, text.slice(0, 40));
    }
  });

  it('tells what no text can: zeros are like nothing, and never NaN', async () => {
    for (const metric of ['cosine', 'dot']) {
      const response = await service.post('/v1/similarity', {
        model: 'model2vec',
        queries: ['', 'zzzz'],
        documents: ['the cat', ''],
        metric,
      });
      const body = (await response.json()) as { scores: number[][] };
      assert.deepEqual(body.scores, [
        [0, 0],
        [0, 0],
      ]);
    }
    for (const output_dtype of ['int8', 'uint8']) {
      const { data } = await embed('model2vec', ['', 'the cat'], { output_dtype });
      assert.ok(data[0]?.embedding.every(Number.isInteger));
    }
  });

  it('says in /v1/models what they are', async () => {
    const { data } = (await (await fetch(`${service.url}/v1/models`)).json()) as {
      data: Record<string, unknown>[];
    };
    const byName = new Map(data.map((model) => [model.id, model]));
    const facts = (name: string) => {
      const { task, pooling, normalize, dimensions, dtype, device, max_input_tokens: limit } = byName.get(name) ?? {};
      return { task, pooling, normalize, dimensions, dtype, device, limit };
    };
    const common = { task: 'embed', pooling: 'mean', dtype: 'fp32', device: 'cpu' };
    // Where nothing limits a text, MAX_INPUT_TOKENS does.
    const unlimited = { ...common, dimensions: 12, limit: 8192 };
    assert.deepEqual(facts('sentence-transformers'), { ...unlimited, normalize: true });
    assert.deepEqual(facts('sentence-transformers-5'), { ...common, normalize: false, dimensions: 8, limit: 64 });
    assert.deepEqual(facts('model2vec'), { ...common, normalize: true, dimensions: 12, limit: 512 });
    assert.deepEqual(facts('model2vec-int8'), { ...common, normalize: true, dimensions: 12, limit: 20 });
    assert.deepEqual(facts('model2vec-quantized'), { ...unlimited, normalize: true });
    const fingerprints = new Set(data.map(({ fingerprint }) => fingerprint));
    assert.equal(fingerprints.size, STATIC_MODELS.length);
  });
});

describe('a static model of which a text has nothing', () => {
  let service: RunningService;
  const nothing = staticCases('model2vec').filter(({ tokens }) => tokens === 0);
  before(async () => {
    service = await startService({ model: path.join(staticFixtures, 'model2vec'), logLevel: 'warn' });
  });
  after(() => service.close());

  it('refuses it by default, and with on_error: partial it alone', async () => {
    assert.ok(nothing.length >= 3);
    for (const { text } of nothing) {
      const response = await service.post('/v1/embeddings', { input: ['the cat', text] });
      const { error } = (await response.json()) as { error: { code: string; param: string } };
      assert.equal(response.status, 400);
      assert.equal(error.param, 'input[1]');
      assert.equal(error.code, text === '' ? 'empty_input' : 'invalid_input');
      const partial = await service.post('/v1/embeddings', { input: [text, 'the cat'], on_error: 'partial' });
      const { data } = (await partial.json()) as Answer;
      assert.equal(data[0]?.error?.code, error.code);
      assert.ok(data[1]?.embedding.length === 12);
    }
  });

  it('leaves unknown tokens out of token vectors and of token ids, as encode_as_sequence() does', async () => {
    const { text, tokens, vector } = staticCases('model2vec')[3] as StaticCase;
    const embedAll = (inputs: unknown) => service.post('/embed_all', { inputs });
    const [rows] = (await (await embedAll([text])).json()) as number[][][];
    assert.equal(rows?.length, tokens);
    const mean = Array.from({ length: 12 }, (_, j) => (rows ?? []).reduce((sum, row) => sum + (row[j] as number), 0));
    assert.ok(largestDifference(normalized(mean), vector) <= TOLERANCE);
    const [listed] = (await (await service.post('/tokenize', { inputs: [text] })).json()) as { id: number }[][];
    const ids = listed?.map(({ id }) => id) as number[];
    // [UNK] is 1, and [CLS] and [SEP], which nobody averages, are 2 and 3.
    assert.ok(ids.includes(1) && ids.length > tokens);
    const body = { input: [ids.filter((id) => id !== 2 && id !== 3)], token_ids: 'as_is' };
    const answer = (await (await service.post('/v1/embeddings', body)).json()) as Answer;
    assert.ok(largestDifference(answer.data[0]?.embedding ?? [], vector) <= TOLERANCE);
    assert.equal(answer.usage.prompt_tokens, tokens);
  });
});

describe('static models that are not served', () => {
  let folder: string;
  const idsOf = async (text: string) => {
    const { tokenizerFile, tokenizer } = await describeModel({ name: 'copy', folder });
    const native = await loadNativeTokenizer(tokenizerFile, { needsEndToken: false, changes: tokenizer.changes });
    const [encoding] = await native.tokenize([text]);
    return Array.from(encoding?.ids ?? []);
  };
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(staticFixtures, 'model2vec'), folder, { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [settings, names] of [
    [{ DEVICE: 'cuda' }, /DEVICE=cuda.*CPU only/],
    [{ DEVICE: 'webgpu' }, /DEVICE=webgpu.*CPU only/],
    [{ DTYPE: 'int8' }, /DTYPE=int8.*fp32/],
    [{ TASK: 'rerank' }, /TASK=rerank.*an embedding model/],
    [{ POOLING: 'cls' }, /POOLING=cls.*mean/],
  ] as const) {
    it(`refuses ${JSON.stringify(settings)} by name`, async () => {
      assert.match(await startFailure({ MODEL: folder, ...settings }), names);
    });
  }

  it('does not serve a table whose vectors are not those of its canary', async () => {
    const { text, vector } = staticCases('model2vec')[0] as StaticCase;
    const { text: other, vector: wrong } = staticCases('model2vec')[1] as StaticCase;
    const ids = await idsOf(text);
    const canary = (wanted: number[]) => ({
      reference: 'model2vec',
      tolerance: 1e-5,
      cases: [{ text, ids, vector: wanted }],
    });
    const file = path.join(folder, 'hotvec-canary.json');
    writeFileSync(file, JSON.stringify(canary(vector)));
    await (await startService({ model: folder, logLevel: 'warn' })).close();
    writeFileSync(file, JSON.stringify(canary(wrong)));
    assert.match(
      await startFailure({ MODEL: folder, LOG_LEVEL: 'warn' }, realEngineEntry),
      /canary failed.*model2vec/,
      other,
    );
    rmSync(file);
  });

  it('refuses EMPTY_TEXTS=zeros of a model that puts tokens around each text', async () => {
    assert.match(await startFailure({ MODEL: 'starter', EMPTY_TEXTS: 'zeros' }), /EMPTY_TEXTS=zeros.*starter/);
  });
});
