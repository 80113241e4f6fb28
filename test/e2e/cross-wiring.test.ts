import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import type { Tokenizer } from '../../src/tokenization/tokenizer.ts';
import { largestDifference, normalized } from '../support/difference.ts';
import { hashRow } from '../support/hash-row.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { starterManifest } from '../support/starter.ts';
import { fakeEngineEntry, scriptFakeEngine } from '../support/supervised-engine.ts';

const CLIENTS = 32;
const TEXTS = 20_000;
const SEED = 7;

// The engine's answer is a hash of the exact token ids, so a vector in the wrong place names its owner.
describe('32 clients with random requests', () => {
  let service: RunningService;
  let tokenizer: Tokenizer;
  before(async () => {
    scriptFakeEngine({ msPerThousandTokens: 1 });
    service = await startService({ logLevel: 'warn' }, fakeEngineEntry);
    tokenizer = await loadNativeTokenizer((await starterManifest()).tokenizerFile);
  });
  after(() => service.close());

  it(`each get their own vectors: 0 mismatched, lost or doubled of ${TEXTS} texts (seed ${SEED})`, async () => {
    let left = TEXTS;
    let answered = 0;
    let mismatched = 0;

    async function client(number: number): Promise<void> {
      const random = new SeededRandom(SEED * 1_000 + number);
      for (let request = 0; left > 0; request++) {
        const count = Math.min(left, random.chance(0.3) ? 1 : random.integer(1, 64));
        left -= count;
        const texts = Array.from(
          { length: count },
          (_, i) => `client ${number} request ${request} text ${i} ${random.words()}`,
        );
        const format = random.chance(0.5) ? 'base64' : 'float';
        const dimensions = random.pick([32, 64, 100, 256]);
        const response = await service.post('/v1/embeddings', { input: texts, encoding_format: format, dimensions });
        assert.equal(response.status, 200, await response.clone().text());
        const { data } = (await response.json()) as { data: { index: number; embedding: string | number[] }[] };
        const encodings = await tokenizer.tokenize(texts);
        assert.deepEqual(
          data.map(({ index }) => index),
          [...texts.keys()],
        );
        for (const [i, { embedding }] of data.entries()) {
          const vector = typeof embedding === 'string' ? decodeBase64(embedding) : embedding;
          const own = normalized(hashRow(encodings[i]?.ids as Int32Array, 256).subarray(0, dimensions));
          answered += 1;
          if (!(largestDifference(vector, own) < 1e-6)) mismatched += 1;
        }
      }
    }

    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
    assert.deepEqual({ answered, mismatched }, { answered: TEXTS, mismatched: 0 });
  });

  it('are told apart on one socket too: 500 pipelined requests', async () => {
    const { pipeline } = await import('../support/pipelined-requests.ts');
    const texts = Array.from({ length: 500 }, (_, i) => `pipelined ${i}`);
    const bodies = await pipeline(
      service.url,
      '/v1/embeddings',
      texts.map((input) => ({ input, encoding_format: 'base64' })),
    );
    const encodings = await tokenizer.tokenize(texts);
    for (const [i, body] of bodies.entries()) {
      const { data } = JSON.parse(body) as { data: { embedding: string }[] };
      const vector = decodeBase64(data[0]?.embedding as string);
      assert.ok(
        largestDifference(vector, normalized(hashRow(encodings[i]?.ids as Int32Array, 256))) < 1e-6,
        `request ${i}`,
      );
    }
  });
});

function decodeBase64(text: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return new Float32Array(bytes.buffer);
}
