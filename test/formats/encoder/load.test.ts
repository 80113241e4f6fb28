import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import { type EncoderFixture, encoderFolders } from '../../support/encoder-references.ts';

describe('loadEncoder()', () => {
  it('gives a sequence the same bits alone and in a batch with PREPACKING=0, too', async () => {
    const { name, folder, reference } = encoderFolders().find(
      (one) => one.name === 'bert-three-heads',
    ) as EncoderFixture;
    const manifest = await describeModel({ name, folder }, { pooling: 'cls' });
    const model = await loadModel(manifest, {
      device: 'cpu',
      deviceId: 0,
      dtype: 'fp32',
      threads: 2,
      maxTokens: manifest.maxTokens,
      maxBatchTokens: 1024,
      prepacking: false,
      mustBeatCpu: false,
    });
    const sequences = reference.sequences.map(({ ids }) => ids);
    const { rows } = await model.run(toBatch(sequences));
    for (const [i, ids] of sequences.entries()) {
      const alone = await model.run(toBatch([ids]));
      assert.deepEqual([...rowAt(rows, i, manifest.hiddenSize)], [...alone.rows], `${ids.length} tokens`);
    }
  });
});
