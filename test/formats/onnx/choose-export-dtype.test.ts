import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chooseDtype } from '../../../src/formats/choose-dtype.ts';
import { chooseExportDtype } from '../../../src/formats/onnx/choose-export-dtype.ts';
import type { Dtype, OnnxExport } from '../../../src/model-files/manifest.ts';
import { padded, paddedManifest } from '../../support/padded-fixtures.ts';
import { starterManifest } from '../../support/starter.ts';

const some = {} as OnnxExport;
const choose = (dtypes: Dtype[], requested: Dtype | 'auto') =>
  chooseExportDtype({ exports: Object.fromEntries(dtypes.map((dtype) => [dtype, some])) }, requested);

describe('chooseExportDtype()', () => {
  it('takes the one asked for, and the most exact one when asked for none', () => {
    assert.equal(choose(['q4', 'fp32', 'q8'], 'auto'), 'fp32');
    assert.equal(choose(['q4f16', 'q4', 'q8'], 'auto'), 'q8');
    assert.equal(choose(['O4', 'O2', 'fp16', 'qint8_arm64'], 'auto'), 'O2');
    assert.equal(choose(['qint8_arm64', 'quint8_avx2', 'O4'], 'auto'), 'O4');
    assert.equal(choose(['fp32', 'q8'], 'q8'), 'q8');
  });

  it('never takes another than the one asked for, and lists what there is', () => {
    assert.throws(() => choose(['q4', 'fp32'], 'fp16'), {
      name: 'StartError',
      message: /^DTYPE=fp16: the model folder has no ONNX export in it; it has fp32, q4\. Set DTYPE/,
    });
  });
});

describe('chooseDtype()', () => {
  it('is fp32 for safetensors, and what the folder has for ONNX exports', async () => {
    const { weights } = await starterManifest();
    assert.equal(chooseDtype(weights, 'cpu', 'auto'), 'fp32');
    assert.throws(
      () => chooseDtype(weights, 'cpu', 'q8'),
      /DTYPE=q8 is not implemented for these weights on cpu; there it is fp32/,
    );
    assert.equal(chooseDtype(padded(await paddedManifest('bert-mean')), 'cpu', 'fp16'), 'fp16');
  });
});
