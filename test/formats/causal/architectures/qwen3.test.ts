import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { qwen3 } from '../../../../src/formats/causal/architectures/qwen3.ts';
import { packageRoot } from '../../../../src/package-info.ts';

const starter = JSON.parse(readFileSync(path.join(packageRoot, 'models', 'starter', 'config.json'), 'utf8'));

describe('qwen3.readConfig()', () => {
  it('takes head_dim from the config, not from hidden_size / num_attention_heads', () => {
    const { headDim, hiddenSize, headCount } = qwen3.readConfig(starter);
    assert.deepEqual({ headDim, hiddenSize, headCount }, { headDim: 64, hiddenSize: 256, headCount: 6 });
  });

  it('reads the rope parameters of transformers 5', () => {
    const { rope_theta: _, rope_scaling: __, ...rest } = starter;
    const parsed = qwen3.readConfig({ ...rest, rope_parameters: { rope_type: 'default', rope_theta: 5000 } });
    assert.equal(parsed.ropeTheta, 5000);
  });

  it('refuses two rope_theta that disagree: each version of transformers reads another', () => {
    const rope_parameters = { rope_type: 'default', rope_theta: 5000 };
    assert.throws(() => qwen3.readConfig({ ...starter, rope_theta: 1e6, rope_parameters }), /rope_theta is 1000000/);
    assert.equal(qwen3.readConfig({ ...starter, rope_theta: 5000, rope_parameters }).ropeTheta, 5000);
  });

  for (const [field, value] of [
    ['rope_scaling', { type: 'default' }],
    ['rope_scaling', { rope_type: 'default' }],
    ['_attn_implementation_autoset', true],
    ['unsloth_version', '2025.3.19'],
    ['unsloth_fixed', true],
    ['num_labels', 2],
  ] as const) {
    it(`takes ${field} = ${JSON.stringify(value)}, which changes no vector`, () => {
      assert.deepEqual(qwen3.readConfig({ ...starter, [field]: value }), qwen3.readConfig(starter));
    });
  }

  for (const [field, value] of [
    ['hidden_act', 'gelu'],
    ['rope_scaling', { rope_type: 'yarn', factor: 4 }],
    ['rope_scaling', { type: 'linear' }],
    ['rope_scaling', { rope_type: 'llama3', factor: 2 }],
    ['rope_scaling', { type: 'default', rope_type: 'yarn' }],
    ['rope_scaling', { rope_type: 'default', factor: 4 }],
    ['rope_parameters', { rope_type: 'yarn', rope_theta: 1e6, factor: 4 }],
    ['layer_types', ['full_attention', 'sliding_attention']],
    ['head_dim', 24],
    ['head_dim', undefined],
    ['hidden_size', -1],
    ['num_hidden_layers', 1.5],
    ['num_key_value_heads', 4],
    ['rms_norm_eps', 'small'],
    ['vocab_size', null],
    ['num_experts', 8],
    ['logit_softcapping', 30],
  ] as const) {
    it(`refuses ${field} = ${JSON.stringify(value)}, naming the field`, () => {
      assert.throws(() => qwen3.readConfig({ ...starter, [field]: value }), {
        name: 'StartError',
        message: new RegExp(`config\\.json: ${field} is`),
      });
    });
  }
});
