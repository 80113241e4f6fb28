import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { type EncoderFixture, encoderFolders } from '../../support/encoder-references.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const VOCABULARY = 160;
const ROUNDS = 2;

describe('an encoder', () => {
  // Without a bias of scores and with one.
  for (const name of ['bert-three-heads', 'mpnet-three-heads']) {
    it(`gives a sequence of any length the same bits alone and in batches of mixed lengths: ${name}`, async () => {
      const { folder } = encoderFolders().find((one) => one.name === name) as EncoderFixture;
      const manifest = await describeModel({ name, folder }, { pooling: 'mean' });
      const model = await loadModel(manifest, { ...cpuSettings, maxTokens: manifest.maxTokens, maxBatchTokens: 4096 });
      const random = new SeededRandom(5);
      const sequences = Array.from({ length: manifest.maxTokens }, (_, i) =>
        Array.from({ length: i + 1 }, () => random.integer(5, VOCABULARY - 1)),
      );
      const alone: Float32Array[] = [];
      for (const ids of sequences) alone.push((await model.run(toBatch([ids]))).rows);
      for (let round = 0; round < ROUNDS; round++) {
        let left = random.shuffled([...sequences.keys()]);
        while (left.length > 0) {
          const batch = left.slice(0, random.integer(2, 16));
          left = left.slice(batch.length);
          const { rows } = await model.run(toBatch(batch.map((i) => sequences[i] as number[])));
          for (const [slot, i] of batch.entries()) {
            const row = rowAt(rows, slot, manifest.hiddenSize);
            const others = batch.map((other) => other + 1).join();
            assert.deepEqual([...row], [...(alone[i] as Float32Array)], `${i + 1} tokens among ${others}`);
          }
        }
      }
    });
  }
});
