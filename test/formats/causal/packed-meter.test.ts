import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PackedMeter, packedCost } from '../../../src/formats/causal/packed-meter.ts';
import { packed, starterManifest } from '../../support/starter.ts';

const VOCABULARY = 6;
const sequences = fc.array(fc.array(fc.nat(VOCABULARY - 1), { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 12,
});

function distinctPrefixes(batch: number[][]): Set<string> {
  return new Set(batch.flatMap((sequence) => sequence.map((_, i) => sequence.slice(0, i + 1).join())));
}

describe('PackedMeter', () => {
  it('counts the rows that the plan will have', () => {
    fc.assert(
      fc.property(sequences, fc.integer({ min: 4, max: 40 }), (batch, budget) => {
        const meter = new PackedMeter({
          maxUniqueTokens: budget,
          cost: { perRow: 1, perSlotAndPosition: 0 },
        });
        const taken: number[][] = [];
        for (const sequence of batch) {
          const ids = Int32Array.from(sequence);
          const isWithin = distinctPrefixes([...taken, sequence]).size <= budget;
          const slots = (taken.length + 1) * Math.max(...[...taken, sequence].map(({ length }) => length));
          assert.equal(meter.fits(ids), isWithin && slots <= 4 * budget);
          if (!meter.fits(ids)) continue;
          meter.add(ids);
          taken.push(sequence);
        }
      }),
      { seed: 5, numRuns: 2_000 },
    );
  });

  it('keeps a short text away from long ones in a small model, and from very long ones only in a large one', async () => {
    const starter = packed(await starterManifest());
    const architecture = {
      ...starter.architecture,
      hiddenSize: 1024,
      intermediateSize: 3072,
      layerCount: 28,
      headCount: 16,
      keyValueHeadCount: 8,
      headDim: 128,
    };
    const large = { ...starter, architecture };
    const accepts = (weights: typeof starter, first: number, second: number) => {
      const meter = new PackedMeter({
        maxUniqueTokens: 4096,
        cost: packedCost(weights.architecture),
      });
      meter.add(Int32Array.from({ length: first }, (_, i) => i));
      return meter.fits(Int32Array.from({ length: second }, (_, i) => 50_000 + i));
    };
    assert.deepEqual([accepts(starter, 400, 30), accepts(starter, 400, 380)], [false, true]);
    assert.deepEqual([accepts(large, 400, 30), accepts(large, 4000, 30)], [true, false]);
  });
});
