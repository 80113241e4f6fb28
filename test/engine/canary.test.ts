import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../../src/engine/canary.ts';

const exact = { cosine: 1, difference: 0 };

describe('judge()', () => {
  it('holds float32 on a CPU to the reference’s own tolerance', () => {
    const cpu = { device: 'cpu', dtype: 'fp32' } as const;
    assert.equal(judge({ cosine: 1, difference: 1e-6 }, 1e-6, cpu), null);
    assert.match(judge({ cosine: 1, difference: 2e-6 }, 1e-6, cpu) ?? '', /differs by 2\.00e-6, allowed is 0\.000001/);
  });

  it('holds float32 on WebGPU to 1e-4', () => {
    const webgpu = { device: 'webgpu', dtype: 'fp32' } as const;
    assert.equal(judge({ cosine: 1, difference: 9e-5 }, 1e-6, webgpu), null);
    assert.notEqual(judge({ cosine: 1, difference: 2e-4 }, 1e-6, webgpu), null);
    assert.equal(judge({ cosine: 1, difference: 2e-4 }, 1e-3, webgpu), null);
  });

  for (const dtype of ['bf16', 'fp16'] as const) {
    it(`holds ${dtype} to a cosine of 0.999, whatever single components do`, () => {
      const cuda = { device: 'cuda', dtype } as const;
      assert.equal(judge({ cosine: 0.9991, difference: 0.01 }, 1e-6, cuda), null);
      assert.match(judge({ cosine: 0.9989, difference: 0 }, 1e-6, cuda) ?? '', /cosine is 0\.998900, at least 0\.999/);
    });
  }

  it('lets no NaN pass', () => {
    for (const dtype of ['fp32', 'bf16', 'fp16', 'q8'] as const) {
      const settings = { device: 'cuda', dtype } as const;
      assert.notEqual(judge({ cosine: Number.NaN, difference: Number.NaN }, 1, settings), null);
      assert.equal(judge(exact, 1, settings), null);
    }
  });
});
