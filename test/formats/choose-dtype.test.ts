import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { StartError } from '../../src/errors.ts';
import { chooseDtype } from '../../src/formats/choose-dtype.ts';
import type { PackedWeights } from '../../src/model-files/manifest.ts';
import { packed, starterManifest } from '../support/starter.ts';

describe('chooseDtype() for safetensors', () => {
  let weights: PackedWeights;
  before(async () => {
    weights = packed(await starterManifest());
  });

  for (const [device, dtype] of [
    ['cpu', 'fp32'],
    ['webgpu', 'fp32'],
    ['cuda', 'bf16'],
  ] as const) {
    it(`takes ${dtype} on ${device} when it may choose, and when it is told to`, () => {
      assert.equal(chooseDtype(weights, device, 'auto'), dtype);
      assert.equal(chooseDtype(weights, device, dtype), dtype);
    });
  }

  it('offers fp16 on GPUs', () => {
    assert.equal(chooseDtype(weights, 'cuda', 'fp16'), 'fp16');
    assert.equal(chooseDtype(weights, 'webgpu', 'fp16'), 'fp16');
  });

  it('offers int8 on the CPU, and never chooses it', () => {
    assert.equal(chooseDtype(weights, 'cpu', 'int8'), 'int8');
    for (const device of ['cpu', 'cuda', 'webgpu'] as const) {
      assert.notEqual(chooseDtype(weights, device, 'auto'), 'int8');
    }
  });

  for (const [device, dtype, offered] of [
    ['cpu', 'bf16', 'fp32 or int8'],
    ['cpu', 'fp16', 'fp32 or int8'],
    ['webgpu', 'bf16', 'fp32 or fp16'],
    ['webgpu', 'int8', 'fp32 or fp16'],
    ['cuda', 'fp32', 'bf16 or fp16'],
    ['cuda', 'int8', 'bf16 or fp16'],
    ['cpu', 'q8', 'fp32 or int8'],
  ] as const) {
    it(`refuses ${dtype} on ${device}, and says what there is`, () => {
      assert.throws(
        () => chooseDtype(weights, device, dtype),
        (error: Error) =>
          error instanceof StartError &&
          error.message.startsWith(
            `DTYPE=${dtype} is not implemented for these weights on ${device}; there it is ${offered}.`,
          ),
      );
    });
  }
});
