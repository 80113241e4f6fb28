import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Config } from '../../src/settings/config.ts';
import { paddedFixtures } from '../support/padded-fixtures.ts';
import { startService } from '../support/running-service.ts';

interface Told {
  dimensions: number;
  min_dimensions: number;
  is_matryoshka: boolean;
  matryoshka_dimensions: number[] | null;
}

/** What `/v1/models` tells, and the lengths of vectors for some `dimensions`, or the error's message. */
async function ask(settings: Partial<Config>, sizes: number[]) {
  const service = await startService(settings);
  try {
    const { data } = (await (await fetch(`${service.url}/v1/models`)).json()) as { data: [Told] };
    const { dimensions, min_dimensions, is_matryoshka, matryoshka_dimensions } = data[0];
    const answers: unknown[] = [];
    for (const size of sizes) {
      const answer = await service.post('/v1/embeddings', { input: 'a text', dimensions: size });
      const body = (await answer.json()) as { data?: [{ embedding: number[] }]; error?: { message: string } };
      const vector = body.data?.[0].embedding;
      answers.push(vector === undefined ? body.error?.message : [vector.length, Math.hypot(...vector).toFixed(5)]);
    }
    return { told: { dimensions, min_dimensions, is_matryoshka, matryoshka_dimensions }, answers };
  } finally {
    await service.close();
  }
}

const model = path.join(paddedFixtures, 'bert-mean');

describe('Sizes that vectors may be cut to', () => {
  it('are the whole one alone for a model that says nothing', async () => {
    const { told, answers } = await ask({ model }, [32, 8]);
    assert.deepEqual(told, { dimensions: 32, min_dimensions: 32, is_matryoshka: false, matryoshka_dimensions: null });
    assert.deepEqual(answers, [[32, '1.00000'], 'dimensions is 8; this model supports 32.']);
  });

  it('are what MATRYOSHKA_DIMENSIONS says, those between them too; what is below is refused', async () => {
    const { told, answers } = await ask({ model, matryoshkaDimensions: [16, 8] }, [8, 12, 32, 4]);
    assert.deepEqual(told, { dimensions: 32, min_dimensions: 8, is_matryoshka: true, matryoshka_dimensions: [8, 16] });
    const unit = '1.00000';
    assert.deepEqual(answers, [[8, unit], [12, unit], [32, unit], 'dimensions is 4; this model supports 8 to 32.']);
  });

  it('are a range for the Qwen3-Embedding family', async () => {
    const { told } = await ask({}, []);
    assert.deepEqual(told, { dimensions: 256, min_dimensions: 32, is_matryoshka: true, matryoshka_dimensions: null });
  });
});
