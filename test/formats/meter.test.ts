import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PackedMeter } from '../../src/formats/causal/packed-meter.ts';
import { formatOf } from '../../src/formats/formats.ts';
import { paddedManifest } from '../support/padded-fixtures.ts';
import { starterManifest } from '../support/starter.ts';

describe('the meter of a format', () => {
  it('measures unique tokens for safetensors, slots for ONNX exports, and tokens where a batch is not padded', async () => {
    const starter = await starterManifest();
    assert.ok(formatOf(starter).meter(starter, 'fp32', 100) instanceof PackedMeter);
    const manifest = await paddedManifest('bert-mean');
    const accepts = (dtype: 'fp32' | 'q8', second: number) => {
      const meter = formatOf(manifest).meter(manifest, dtype, 400);
      meter.add(new Int32Array(100));
      return meter.fits(new Int32Array(second));
    };
    // A short one beside a long one is padding in fp32; q8 is computed one by one.
    assert.deepEqual([accepts('fp32', 90), accepts('fp32', 10), accepts('q8', 10)], [true, false, true]);
    assert.deepEqual([accepts('fp32', 301), accepts('q8', 301)], [false, false]);
  });
});
