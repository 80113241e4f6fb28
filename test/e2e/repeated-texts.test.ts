import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';
import {
  type EmbeddingsAnswer,
  embed,
  goldenTexts,
  type SimilarityAnswer,
  succeed,
  vectorsOf,
} from '../http/answers.ts';
import { extent } from '../soak/extent.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { hashRow } from '../support/hash-row.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { starterManifest } from '../support/starter.ts';
import { fakeEngineEntry, scriptFakeEngine, until } from '../support/supervised-engine.ts';

const SEED = 11;
const CLIENTS = 32;
const REQUESTS = extent(8, 40);
/** So few that requests meet over them all the time. */
const TEXTS = Array.from({ length: 60 }, (_, i) => `text ${i} ${'word '.repeat(i % 7)}`);

/** The value of a metric without labels. */
async function metric(service: RunningService, name: string): Promise<number> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^hotvec_${name}\\{model="starter"\\} (\\S+)$`, 'm').exec(text)?.[1]);
}

// The engine's answer is a hash of the exact token ids, so a vector in the wrong place names its owner.
for (const vectorCacheMb of [0, 1]) {
  describe(`32 clients that ask for the same ${TEXTS.length} texts, VECTOR_CACHE_MB=${vectorCacheMb}`, () => {
    let service: RunningService;
    let tokenizer: Tokenizer;
    before(async () => {
      scriptFakeEngine({ msPerThousandTokens: 100 });
      service = await startService({ logLevel: 'warn', vectorCacheMb, maxBatchTokens: 256 }, fakeEngineEntry);
      tokenizer = await loadNativeTokenizer((await starterManifest()).tokenizerFile);
    });
    after(() => service.close());

    it(`each get their own vectors and token counts, though clients leave all the time (seed ${SEED})`, async () => {
      const ids = (await tokenizer.tokenize(TEXTS)).map((encoding) => encoding.ids);
      let wrong = 0;
      let answered = 0;
      let gone = 0;
      async function client(number: number): Promise<void> {
        const random = new SeededRandom(SEED * 1_000 + number);
        for (let request = 0; request < REQUESTS; request++) {
          const chosen = Array.from({ length: random.integer(1, 12) }, () => random.integer(0, TEXTS.length - 1));
          const dimensions = random.pick([32, 100, 256]);
          const signal = random.chance(0.2) ? AbortSignal.timeout(random.integer(1, 20)) : null;
          try {
            const response = await fetch(`${service.url}/v1/embeddings`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify({ input: chosen.map((i) => TEXTS[i]), dimensions, encoding_format: 'base64' }),
              signal,
            });
            assert.equal(response.status, 200, await response.clone().text());
            const answer = (await response.json()) as EmbeddingsAnswer;
            assert.equal(
              answer.usage.prompt_tokens,
              chosen.reduce((sum, i) => sum + (ids[i] as Int32Array).length, 0),
            );
            assert.equal(answer.data.length, chosen.length);
            for (const [i, vector] of vectorsOf(answer).entries()) {
              const own = normalized(hashRow(ids[chosen[i] as number] as Int32Array, 256).subarray(0, dimensions));
              answered += 1;
              if (!(largestDifference(vector, own) < 1e-6)) wrong += 1;
            }
          } catch (error) {
            if (!signal?.aborted) throw error;
            gone += 1;
          }
        }
      }
      await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
      assert.equal(wrong, 0);
      assert.ok(
        answered > 25 * REQUESTS && gone > REQUESTS / 2,
        `${answered} vectors answered, ${gone} requests given up`,
      );
      assert.ok((await metric(service, 'shared_inputs_total')) > 0);
      assert.equal((await metric(service, 'cache_hits_total')) > 0, vectorCacheMb > 0);
      assert.equal(await metric(service, 'queue_tokens'), 0);
    });
  });
}

describe('The vector cache of a running service', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ vectorCacheMb: 4 });
  });
  after(() => service.close());

  it('answers to the bit as the engine did, over every route, and says so in x-cache and in metrics', async () => {
    const input = goldenTexts.slice(0, 8).map(({ text }) => text);
    const first = await succeed<EmbeddingsAnswer>(service, '/v1/embeddings', { input });
    const second = await succeed<EmbeddingsAnswer>(service, '/v1/embeddings', { input: [...input, 'another'] });
    assert.deepEqual(
      [first.headers.get('x-cache'), second.headers.get('x-cache')],
      ['hits=0, misses=8', 'hits=8, misses=1'],
    );
    assert.deepEqual(second.answer.data.slice(0, 8), first.answer.data);
    for (const [i, vector] of vectorsOf(second.answer).slice(0, 8).entries()) {
      assert.ok(largestDifference(vector, goldenTexts[i]?.vector as number[]) < 2e-6);
    }

    const body = { queries: input.slice(0, 2), documents: input.slice(2, 4), query_input_type: null };
    const scores = await succeed<SimilarityAnswer>(service, '/v1/similarity', body);
    // Documents have no prompt; queries have one, which makes them other inputs.
    assert.equal(scores.headers.get('x-cache'), 'hits=2, misses=2');
    const again = await succeed<SimilarityAnswer>(service, '/v1/similarity', body);
    assert.equal(again.headers.get('x-cache'), 'hits=4, misses=0');
    assert.deepEqual(again.answer.scores, scores.answer.scores);

    assert.equal(await metric(service, 'cache_hits_total'), 8 + 2 + 4);
    assert.equal(await metric(service, 'cache_misses_total'), 8 + 1 + 2);
    assert.equal(await metric(service, 'cache_bytes'), 11 * (256 * 4 + 512));
    assert.equal(await metric(service, 'cache_evictions_total'), 0);
    await until(() => /"cacheHits":4,"batches":0/.test(service.log()));
  });

  it('stays within its memory, and counts what it forgot', async () => {
    const small = await startService({ vectorCacheMb: 1 });
    const room = Math.floor(2 ** 20 / (256 * 4 + 512));
    const input = Array.from({ length: room + 100 }, (_, i) => [i]);
    await succeed(small, '/v1/embeddings', { input, token_ids: 'as_is' });
    assert.equal(await metric(small, 'cache_bytes'), room * (256 * 4 + 512));
    assert.equal(await metric(small, 'cache_evictions_total'), 100);
    await small.close();
  });
});

describe('A service without a vector cache', () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  it('names none in its answers and metrics', async () => {
    const { headers } = await succeed(service, '/v1/embeddings', { input: 'a' });
    assert.equal(headers.has('x-cache'), false);
    assert.equal(await metric(service, 'cache_misses_total'), 0);
  });

  it('sends an answer of many chunks whole, with its length: 2,048 vectors, float and base64', async () => {
    const input = Array.from({ length: 2_048 }, (_, i) => [i % 500, 3]);
    const vectors: Float32Array[][] = [];
    for (const encoding_format of ['float', 'base64']) {
      const response = await service.post('/v1/embeddings', { input, encoding_format, token_ids: 'as_is' });
      const text = await response.text();
      assert.equal(response.headers.get('content-length'), String(text.length));
      assert.ok(text.length > 2 ** 20);
      vectors.push(vectorsOf(JSON.parse(text) as EmbeddingsAnswer));
    }
    assert.deepEqual(vectors[0], vectors[1]);
    const [, alone] = vectorsOf(
      await embed(service, {
        token_ids: 'as_is',
        input: [
          [1, 3],
          [499, 3],
        ],
      }),
    );
    assert.ok(largestDifference(vectors[0]?.[1_999] as Float32Array, alone as Float32Array) < 1e-6);
  });
});
