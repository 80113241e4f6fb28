import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { largestDifference } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { golden } from '../support/starter.ts';
import { until } from '../support/supervised-engine.ts';

const TOLERANCE = 1e-6;
const texts = golden.texts.map(({ text }) => text).filter((text) => text !== '');

describe('the same text gives the same vector', () => {
  let service: RunningService;
  let alone: Map<string, number[]>;

  async function embed(input: string[]): Promise<number[][]> {
    const response = await service.post('/v1/embeddings', { input });
    assert.equal(response.status, 200, await response.clone().text());
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    return data.map(({ embedding }) => embedding);
  }

  async function expectSame(input: string[]): Promise<void> {
    const vectors = await embed(input);
    assert.equal(vectors.length, input.length);
    for (const [i, text] of input.entries()) {
      assert.ok(largestDifference(vectors[i] as number[], alone.get(text) as number[]) < TOLERANCE, text);
    }
  }

  before(async () => {
    service = await startService({ logLevel: 'warn' });
    alone = new Map();
    for (const text of texts) alone.set(text, (await embed([text]))[0] as number[]);
  });
  after(() => service.close());

  it('alone as PyTorch computes it', () => {
    for (const { text, vector } of golden.texts) {
      if (text !== '') assert.ok(largestDifference(alone.get(text) as number[], vector) < 2e-6, text);
    }
  });

  it('in requests of 2 to 64 with random neighbors in any order', async () => {
    const random = new SeededRandom(1);
    for (const size of [2, 3, 5, 8, 16, 33, 64]) {
      for (let round = 0; round < 2; round++) {
        await expectSame(Array.from({ length: size }, () => random.pick(texts)));
      }
    }
  });

  it('in concurrent requests that share batches', async () => {
    const random = new SeededRandom(2);
    const requests = Array.from({ length: 30 }, () => random.shuffled(texts).slice(0, random.integer(1, 12)));
    await Promise.all(requests.map(expectSame));
  });

  it('after an engine restart', async () => {
    const victim = service.engineProcessId();
    process.kill(victim as number, 'SIGKILL');
    await until(() => service.engineProcessId() !== victim);
    while ((await fetch(`${service.url}/readyz`)).status !== 200);
    await expectSame(texts);
  });

  it('with a batch budget so small that every request is split', async () => {
    const small = await startService({ logLevel: 'warn', maxBatchTokens: 16 });
    const large = service;
    service = small;
    try {
      await expectSame(texts);
    } finally {
      service = large;
      await small.close();
    }
  });
});
