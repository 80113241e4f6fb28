import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { env, pipeline } from '@huggingface/transformers';
import type { Config } from '../../src/settings/config.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { paddedFixtures, paddedGolden } from '../support/padded-fixtures.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { startFailure } from '../support/start-failure.ts';

const TOLERANCE = 1e-5;

interface Answer {
  status: number;
  body: {
    data: { embedding: number[]; truncated?: boolean }[];
    usage: { prompt_tokens: number };
    error: { code: string; param: string; message: string };
  };
}

/** A sentence-transformers folder with ONNX files, served with `MODEL` set to it. */
class Served {
  private readonly service: RunningService;

  private constructor(service: RunningService) {
    this.service = service;
  }

  static async start(model: string, dtype: Config['dtype'] = 'auto'): Promise<Served> {
    return new Served(await startService({ model, dtype }));
  }

  get url(): string {
    return this.service.url;
  }

  async embed(body: Record<string, unknown>): Promise<Answer> {
    const response = await this.service.post('/v1/embeddings', body);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  async vectors(body: Record<string, unknown>): Promise<number[][]> {
    const answer = await this.embed(body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.data.map(({ embedding }) => embedding);
  }

  close(): Promise<void> {
    return this.service.close();
  }
}

const folderOf = (name: string) => path.join(paddedFixtures, name);

describe('a sentence-transformers folder of ONNX files', () => {
  const { texts } = paddedGolden('bert-mean');
  const inputs = texts.map(({ text }) => text);
  let service: Served;
  before(async () => {
    service = await Served.start(folderOf('bert-mean'));
  });
  after(() => service.close());

  it('puts texts into lower case as the tokenizer’s class does, whatever tokenizer.json says', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(paddedFixtures, 'bert-mean'), folder, { recursive: true });
    const file = path.join(folder, 'tokenizer.json');
    const json = JSON.parse(readFileSync(file, 'utf8'));
    json.normalizer.lowercase = false;
    writeFileSync(file, JSON.stringify(json));
    const other = await Served.start(folder);
    try {
      for (const [i, vector] of (await other.vectors({ input: inputs })).entries())
        assert.ok(largestDifference(vector, texts[i]?.vector as number[]) < TOLERANCE, inputs[i]);
      for (const { text, ids } of texts) {
        const [own, tei] = await Promise.all(
          [
            ['/v1/tokenize', { input: text }],
            ['/tokenize', { inputs: text }],
          ].map(async ([route, body]) => {
            const response = await fetch(`${other.url}${route}`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(body),
            });
            return response.json() as Promise<unknown>;
          }),
        );
        assert.deepEqual((own as { data: { tokens: number[] }[] }).data[0]?.tokens, ids);
        assert.deepEqual(
          (tei as { id: number }[][])[0]?.map(({ id }) => id),
          ids,
        );
      }
    } finally {
      await other.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('answers with the vectors of PyTorch and of transformers.js: alone, in one request, in many at once', async () => {
    env.allowRemoteModels = false;
    env.localModelPath = paddedFixtures;
    const extract = await pipeline('feature-extraction', 'bert-mean', { dtype: 'fp32' });
    const oracle = (await extract(inputs, { pooling: 'mean', normalize: true })).tolist() as number[][];
    const check = (vectors: number[][], picks: number[]) => {
      for (const [i, pick] of picks.entries()) {
        assert.ok(largestDifference(vectors[i] as number[], texts[pick]?.vector as number[]) < TOLERANCE, inputs[pick]);
        assert.ok(largestDifference(vectors[i] as number[], oracle[pick] as number[]) < TOLERANCE, inputs[pick]);
      }
    };
    const all = [...inputs.keys()];
    check(await service.vectors({ input: inputs }), all);
    for (const pick of all) check(await service.vectors({ input: inputs[pick] }), [pick]);
    const random = new SeededRandom(9);
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const picks = Array.from({ length: random.integer(1, 10) }, () => random.integer(0, inputs.length - 1));
        check(await service.vectors({ input: picks.map((pick) => inputs[pick]) }), picks);
      }),
    );
  });

  it('puts the model’s own query prompt before queries', async () => {
    const vectors = await service.vectors({ input: inputs, input_type: 'query' });
    for (const [i, { query_vector: expected }] of texts.entries()) {
      assert.ok(largestDifference(vectors[i] as number[], expected as number[]) < TOLERANCE);
    }
    const refused = await service.embed({ input: 'a', instruction: 'Find cats' });
    assert.deepEqual([refused.status, refused.body.error.param], [400, 'instruction']);
  });

  it('takes token ids as they are', async () => {
    const vectors = await service.vectors({ input: texts.map(({ ids }) => ids) });
    for (const [i, { vector }] of texts.entries()) {
      assert.ok(largestDifference(vectors[i] as number[], vector) < TOLERANCE);
    }
    const foreign = await service.embed({ input: [320] });
    assert.deepEqual([foreign.status, foreign.body.error.code], [400, 'invalid_token_id']);
  });

  it('serves all of a vector or nothing, where the model was not trained to be cut', async () => {
    assert.equal((await service.vectors({ input: 'a', dimensions: 32 }))[0]?.length, 32);
    const cut = await service.embed({ input: 'a', dimensions: 16 });
    assert.deepEqual([cut.status, cut.body.error.code], [400, 'invalid_dimensions']);
    assert.match(cut.body.error.message, /this model supports 32/);
  });

  it('refuses a text that is too long, or cuts it between the special tokens when asked', async () => {
    const long = 'vector '.repeat(100);
    const refused = await service.embed({ input: long });
    assert.deepEqual([refused.status, refused.body.error.code], [400, 'input_too_long']);
    assert.match(refused.body.error.message, /limit is 48 tokens/);
    const cut = await service.embed({ input: long, truncate: 'end' });
    assert.equal(cut.body.usage.prompt_tokens, 48);
    // 46 words between [CLS] and [SEP]: what sentence-transformers keeps too.
    const [whole] = await service.vectors({ input: 'vector '.repeat(46) });
    assert.ok(largestDifference(cut.body.data[0]?.embedding as number[], whole as number[]) < TOLERANCE);
  });

  it('says in /v1/models and /metrics what it serves', async () => {
    const { data } = (await (await fetch(`${service.url}/v1/models`)).json()) as { data: Record<string, unknown>[] };
    const { id, dimensions, min_dimensions, max_input_tokens, pooling, normalize, dtype, device, fingerprint } =
      data[0] as Record<string, unknown>;
    assert.deepEqual(
      { id, dimensions, min_dimensions, max_input_tokens, pooling, normalize, dtype, device },
      {
        id: 'bert-mean',
        dimensions: 32,
        min_dimensions: 32,
        max_input_tokens: 48,
        pooling: 'mean',
        normalize: true,
        dtype: 'fp32',
        device: 'cpu',
      },
    );
    assert.match(String(fingerprint), /^[0-9a-f]{16}$/);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    assert.match(metrics, /^hotvec_batch_padding_ratio_count\{[^}]*\} [1-9]/m);
    assert.match(metrics, /^hotvec_batch_unique_ratio_count\{[^}]*\} 0$/m);
  });
});

describe('other ONNX folders', () => {
  /** Closed whatever the test finds: a service left over would keep the test process alive. */
  let close: () => Promise<void> = async () => {};
  afterEach(() => close());

  for (const [name, dtype, tolerance] of [
    ['bert-cls-dense', 'auto', TOLERANCE],
    ['bert-pooled', 'auto', TOLERANCE],
    ['roberta-mean', 'auto', TOLERANCE],
    ['qwen3-decoder', 'auto', TOLERANCE],
    ['bert-mean', 'q8', 3e-2],
  ] as const) {
    it(`are served with the vectors of PyTorch: ${name}, DTYPE=${dtype}`, async () => {
      const service = await Served.start(folderOf(name), dtype);
      close = () => service.close();
      const { texts } = paddedGolden(name);
      const vectors = await service.vectors({ input: texts.map(({ text }) => text) });
      for (const [i, { text, vector }] of texts.entries()) {
        assert.ok(largestDifference(vectors[i] as number[], vector) < tolerance, text);
        const [alone] = await service.vectors({ input: text });
        assert.ok(largestDifference(vectors[i] as number[], alone as number[]) < 1e-6, text);
      }
      if (name === 'bert-cls-dense') {
        // Not normalized by the model; normalized when asked.
        const [unit] = await service.vectors({ input: texts[0]?.text, normalize: true });
        assert.ok(largestDifference(unit as number[], normalized(texts[0]?.vector as number[])) < TOLERANCE);
      }
    });
  }

  it('compare queries and documents behind the prompts that the model has for them', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(paddedFixtures, 'bert-mean'), folder, { recursive: true });
    // The same prompt on both sides: the same text must score 1.
    const prompts = { query: 'query: ', passage: 'query: ' };
    writeFileSync(path.join(folder, 'config_sentence_transformers.json'), JSON.stringify({ prompts }));
    const service = await startService({ model: folder, logLevel: 'warn' });
    close = async () => {
      await service.close();
      rmSync(folder, { recursive: true });
    };
    const score = async (fields: object) => {
      const response = await service.post('/v1/similarity', { queries: 'vector', documents: 'vector', ...fields });
      return ((await response.json()) as { scores: number[][] }).scores[0]?.[0] as number;
    };
    assert.ok((await score({})) > 1 - 1e-6);
    assert.ok((await score({ query_input_type: 'document' })) > 1 - 1e-6);
    const { texts } = paddedGolden('bert-mean');
    const [bare, asQuery] = [texts[1]?.vector as number[], texts[1]?.query_vector as number[]];
    assert.ok(Math.abs(1 - bare.reduce((dot, value, i) => dot + value * (asQuery[i] as number), 0)) > 1e-3);
  });

  it('do not start in a precision that they do not have; it lists those they have', async () => {
    close = async () => {};
    assert.match(
      await startFailure({ MODEL: folderOf('bert-mean'), DTYPE: 'q4' }),
      /DTYPE=q4 is not available for this model on cpu; available there: fp32, fp16, q8\./,
    );
  });
});
