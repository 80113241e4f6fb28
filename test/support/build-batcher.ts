import { Batcher, type BatcherOptions } from '../../src/batching/batcher.ts';
import { PackedMeter } from '../../src/formats/causal/packed-meter.ts';

type Parts = Pick<BatcherOptions, 'engine' | 'clock' | 'hiddenSize'>;

interface Changes extends Partial<BatcherOptions> {
  /** Unique tokens of a batch: a row costs as much as any other, whatever its length. */
  batchTokens?: number;
}

/** A batcher for one client, as far as a test does not change it: no chance, and room for ten full batches. */
export function buildBatcher({ batchTokens = 100, ...options }: Parts & Changes): Batcher {
  return new Batcher({
    createMeter: () =>
      new PackedMeter({
        maxUniqueTokens: batchTokens,
        cost: { perRow: 1, perSlotAndPosition: 0 },
      }),
    maxQueueTokens: 10 * batchTokens,
    keyShare: 1,
    random: () => 0,
    ...options,
  });
}
