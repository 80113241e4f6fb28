import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settingsFor } from '../../src/log/left-aside.ts';

describe('settingsFor()', () => {
  it('names the precisions of weights that were left aside, be they several or one', () => {
    const aside = { kind: 'onnx', reason: null } as const;
    assert.equal(settingsFor({ ...aside, dtypes: ['fp32', 'q8'] }), 'WEIGHTS=onnx, and DTYPE=auto or one of fp32, q8');
    assert.equal(settingsFor({ ...aside, dtypes: ['fp32'] }), 'WEIGHTS=onnx, and DTYPE=auto or fp32');
  });
});
