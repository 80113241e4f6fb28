import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { precisionClass } from '../../src/engine/precision.ts';
import { judge } from '../../src/tasks/embedding/judge-canary.ts';

describe('precisionClass()', () => {
  it('holds the exports of sentence-transformers to what they compute in', () => {
    assert.deepEqual(
      (['fp32', 'O1', 'O2', 'O3', 'O4', 'fp16', 'qint8_avx512_vnni', 'quint8_avx2', 'q8'] as const).map(precisionClass),
      ['single', 'single', 'single', 'half', 'half', 'half', 'quantized', 'quantized', 'quantized'],
    );
    const closeness = { cosine: 0.9995, difference: 1e-2 };
    assert.match(judge(closeness, 1e-5, { device: 'cpu', dtype: 'O2' }) ?? '', /a component differs/);
    assert.equal(judge(closeness, 1e-5, { device: 'cpu', dtype: 'O4' }), null);
  });
});
