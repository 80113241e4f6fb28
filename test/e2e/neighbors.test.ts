import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { cosine } from '../../src/tasks/embedding/cosine.ts';
import { extent } from '../soak/extent.ts';
import { reportFigure } from '../soak/report-figure.ts';
import { thresholds } from '../soak/thresholds.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { golden } from '../support/starter.ts';
import { sendWiringLoad } from '../support/wiring-load.ts';

const SEED = 11;
const POOL = extent(60, 1_000);
const BATCHES = [1, 2, 7, 32];
const ROUNDS = extent(2, 50);
const CLIENTS = 32;
const TEXTS = extent(800, 50_000);
const LOWEST = thresholds.cosine_to_alone.bound.atLeast;

describe('A text among neighbors, computed by the real engine', () => {
  let service: RunningService;
  let alone: Map<string, Float32Array>;
  let texts: string[];

  async function embed(input: string[]): Promise<Float32Array[]> {
    const response = await service.post('/v1/embeddings', { input });
    assert.equal(response.status, 200, await response.clone().text());
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    assert.equal(data.length, input.length);
    return data.map(({ embedding }) => Float32Array.from(embedding));
  }

  before(async () => {
    service = await startService({ logLevel: 'warn' });
    const random = new SeededRandom(SEED);
    const own = golden.texts.map(({ text }) => text).filter((text) => text !== '');
    texts = [...own, ...Array.from({ length: POOL }, (_, i) => `text ${i} ${random.words()}`)];
    alone = new Map();
    for (const text of texts) alone.set(text, (await embed([text]))[0] as Float32Array);
  });
  after(() => service.close());

  it(`has the vector it has alone: batches of ${BATCHES.join(', ')}, neighbors permuted (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED + 1);
    let lowest = 1;
    for (const size of BATCHES) {
      for (let round = 0; round < ROUNDS; round++) {
        const chosen = random.shuffled(texts).slice(0, size);
        for (const input of [chosen, random.shuffled(chosen)]) {
          for (const [i, vector] of (await embed(input)).entries()) {
            lowest = Math.min(lowest, cosine(vector, alone.get(input[i] as string) as Float32Array));
          }
        }
      }
    }
    reportFigure('cosine_to_alone', lowest, `${texts.length} texts, ${2 * ROUNDS} batches of each size, seed ${SEED}`);
  });

  it(`has it in the requests of ${CLIENTS} clients at once, cut to any size: ${TEXTS} texts`, async () => {
    let left = TEXTS;
    const counts = await sendWiringLoad({
      url: service.url,
      seed: SEED,
      clients: CLIENTS,
      nextTexts(random) {
        if (left <= 0) return null;
        const chosen = Array.from({ length: random.integer(1, 32) }, () => random.pick(texts));
        left -= chosen.length;
        return chosen;
      },
      checker: async (asked, dimensions) => (index, vector) => {
        const whole = alone.get(asked[index] as string) as Float32Array;
        return vector.length === dimensions && cosine(vector, whole.subarray(0, dimensions)) >= LOWEST;
      },
    });
    assert.equal(counts.lost + counts.doubled, 0);
    reportFigure('mismatched_real_engine', counts.mismatched, `${counts.answered} vectors, seed ${SEED}`);
    assert.deepEqual(counts.problems, []);
  });
});
