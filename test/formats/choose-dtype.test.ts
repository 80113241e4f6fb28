import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { StartError } from '../../src/errors.ts';
import { chooseDtype } from '../../src/formats/formats.ts';
import type { OnnxExport, OnnxWeights } from '../../src/formats/onnx/onnx-weights.ts';
import type { Dtype, ModelManifest } from '../../src/model-files/manifest.ts';
import { paddedManifest } from '../support/padded-fixtures.ts';
import { starterManifest } from '../support/starter.ts';

describe('chooseDtype() for safetensors', () => {
  let manifest: ModelManifest;
  before(async () => {
    manifest = await starterManifest();
  });

  for (const [device, dtype] of [
    ['cpu', 'fp32'],
    ['webgpu', 'fp32'],
    ['cuda', 'bf16'],
  ] as const) {
    it(`takes ${dtype} on ${device} when it may choose, and when it is told to`, () => {
      assert.equal(chooseDtype(manifest, device, 'auto'), dtype);
      assert.equal(chooseDtype(manifest, device, dtype), dtype);
    });
  }

  it('offers fp16 on GPUs', () => {
    assert.equal(chooseDtype(manifest, 'cuda', 'fp16'), 'fp16');
    assert.equal(chooseDtype(manifest, 'webgpu', 'fp16'), 'fp16');
  });

  it('offers int8 on the CPU, and never chooses it', () => {
    assert.equal(chooseDtype(manifest, 'cpu', 'int8'), 'int8');
    for (const device of ['cpu', 'cuda', 'webgpu'] as const) {
      assert.notEqual(chooseDtype(manifest, device, 'auto'), 'int8');
    }
  });

  for (const [device, dtype, offered, elsewhere] of [
    ['cpu', 'bf16', 'fp32, int8', ', or DEVICE to cuda'],
    ['cpu', 'fp16', 'fp32, int8', ', or DEVICE to cuda or webgpu'],
    ['webgpu', 'bf16', 'fp32, fp16', ', or DEVICE to cuda'],
    ['webgpu', 'int8', 'fp32, fp16', ', or DEVICE to cpu'],
    ['cuda', 'fp32', 'bf16, fp16', ', or DEVICE to cpu or webgpu'],
    ['cuda', 'int8', 'bf16, fp16', ', or DEVICE to cpu'],
    ['cpu', 'q8', 'fp32, int8', ''],
  ] as const) {
    it(`refuses ${dtype} on ${device}, and says what there is and where`, () => {
      assert.throws(
        () => chooseDtype(manifest, device, dtype),
        (error: Error) =>
          error instanceof StartError &&
          error.message ===
            `DTYPE=${dtype} is not available for this model on ${device}; available there: ${offered}. Set DTYPE to one of them or to auto${elsewhere}.`,
      );
    });
  }
});

describe('chooseDtype() for ONNX exports', () => {
  let manifest: ModelManifest<OnnxWeights>;
  before(async () => {
    manifest = await paddedManifest('bert-mean');
  });
  const choose = (dtypes: Dtype[], requested: Dtype | 'auto') => {
    const exports = Object.fromEntries(dtypes.map((dtype) => [dtype, {} as OnnxExport]));
    return chooseDtype({ ...manifest, weights: { ...manifest.weights, exports } }, 'cpu', requested);
  };

  it('takes the one asked for, and the most exact one when asked for none', () => {
    assert.equal(choose(['q4', 'fp32', 'q8'], 'auto'), 'fp32');
    assert.equal(choose(['q4f16', 'q4', 'q8'], 'auto'), 'q8');
    assert.equal(choose(['O4', 'O2', 'fp16', 'qint8_arm64'], 'auto'), 'O2');
    assert.equal(choose(['qint8_arm64', 'quint8_avx2', 'O4'], 'auto'), 'O4');
    assert.equal(choose(['fp32', 'q8'], 'q8'), 'q8');
    assert.equal(chooseDtype(manifest, 'cpu', 'fp16'), 'fp16');
  });

  it('never takes another than the one asked for, and lists what there is', () => {
    assert.throws(() => choose(['q4', 'fp32'], 'fp16'), {
      name: 'StartError',
      message: /^DTYPE=fp16 is not available for this model on cpu; available there: fp32, q4\. Set DTYPE/,
    });
  });
});
