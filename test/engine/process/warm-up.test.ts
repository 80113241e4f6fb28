import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { largestBatch, type WarmUpLimits, warmUp } from '../../../src/engine/process/warm-up.ts';
import type { Batch } from '../../../src/engine/protocol.ts';
import { StartError } from '../../../src/errors.ts';
import { PackedMeter } from '../../../src/formats/causal/packed-meter.ts';
import { paddedView } from '../../../src/formats/causal/padded-view.ts';
import { planPackedBatch } from '../../../src/formats/causal/plan.ts';

const limits: WarmUpLimits = {
  device: 'cuda',
  dtype: 'bf16',
  maxTokens: 2_048,
  maxBatchTokens: 4_096,
  vocabularySize: 50_000,
};

async function batchesRun(changed: Partial<WarmUpLimits>): Promise<Batch[]> {
  const batches: Batch[] = [];
  await warmUp(async (batch) => batches.push(batch), { ...limits, ...changed });
  return batches;
}

const longest = ({ offsets }: Batch) => Math.max(...offsets.subarray(1).map((end, i) => end - (offsets[i] as number)));

describe('warmUp()', () => {
  it('runs the largest batch first on a GPU, then the longest sequence', async () => {
    const [first, second] = await batchesRun({});
    assert.deepEqual(first, largestBatch(limits));
    assert.equal(longest(second as Batch), limits.maxTokens);
  });

  it('runs nothing on a CPU, where memory is not taken for good', async () => {
    assert.deepEqual(await batchesRun({ device: 'cpu' }), []);
  });

  for (const [failing, setting] of [
    [0, /Set MAX_BATCH_TOKENS below 4096\.$/],
    [1, /Set MAX_INPUT_TOKENS below 2048\.$/],
  ] as const) {
    it(`names the setting when the GPU has no memory for batch ${failing}`, async () => {
      let count = 0;
      const run = async () => {
        if (count++ === failing)
          throw new Error('BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer');
      };
      await assert.rejects(warmUp(run, limits), (error: Error) => {
        assert.ok(error instanceof StartError);
        assert.match(error.message, /^The cuda device has too little memory/);
        assert.match(error.message, setting);
        return true;
      });
    });
  }
  it('names the setting too when the message is one that it does not know', async () => {
    const run = () => Promise.reject(new Error('device lost'));
    await assert.rejects(
      warmUp(run, limits),
      /On cuda: device lost\. Set MAX_BATCH_TOKENS below 4096, if it is short of memory/,
    );
  });
});

describe('largestBatch()', () => {
  for (const changed of [{}, { maxTokens: 100 }, { maxBatchTokens: 300 }, { maxBatchTokens: 16_384 }]) {
    it(`fills what PackedMeter lets pass, rows and padded slots: ${JSON.stringify(changed)}`, () => {
      const { vocabularySize, maxBatchTokens, ...rest } = { ...limits, ...changed };
      const batch = largestBatch({ vocabularySize, maxBatchTokens, ...rest });
      const plan = planPackedBatch(batch.tokenIds, batch.offsets);
      assert.ok(plan.tokenIds.length <= maxBatchTokens && plan.tokenIds.length > 0.9 * maxBatchTokens);
      const cost = { perRow: 1, perSlotAndPosition: 0 };
      const meter = new PackedMeter({ maxUniqueTokens: maxBatchTokens, cost });
      for (let i = 1; i < batch.offsets.length; i++) {
        const ids = batch.tokenIds.subarray(batch.offsets[i - 1], batch.offsets[i]);
        assert.ok(meter.fits(ids), `sequence ${i}`);
        meter.add(ids);
      }
      if (maxBatchTokens >= 4_096) assert.ok(paddedView(plan).padIndex.length > 3 * maxBatchTokens);
    });
  }
});
