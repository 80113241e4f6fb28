import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { architectureFacts, type CausalConfig } from '../../../../src/formats/causal/architecture.ts';
import { qwen3 } from '../../../../src/formats/causal/architectures/qwen3.ts';
import { architectureOf, readCausalConfig } from '../../../../src/formats/causal/architectures.ts';

/** The fields that config.json of every model has. */
const sizes = {
  vocab_size: 160,
  hidden_size: 96,
  intermediate_size: 40,
  num_hidden_layers: 3,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  max_position_embeddings: 8192,
  rms_norm_eps: 1e-5,
};
const configOf = (model_type: string, changes = {}) => ({ model_type, ...sizes, ...changes });
const traitsOf = (model_type: string, changes = {}) => readCausalConfig(configOf(model_type, changes)).traits;
const noBias = { queryKeyValue: false, output: false, feedForward: false };

describe('readCausalConfig()', () => {
  it('knows what the layers of each architecture have', () => {
    const of = (type: string) => {
      const { headNorms, biases } = traitsOf(type, type === 'qwen3' ? { head_dim: 16 } : {});
      return { headNorms, ...biases };
    };
    assert.deepEqual(of('qwen3'), { headNorms: true, ...noBias });
    assert.deepEqual(of('qwen2'), { headNorms: false, ...noBias, queryKeyValue: true });
    assert.deepEqual(of('llama'), { headNorms: false, ...noBias });
    assert.deepEqual(of('mistral'), { headNorms: false, ...noBias });
    const biased = { attention_bias: true, mlp_bias: true };
    assert.deepEqual(traitsOf('llama', biased).biases, { queryKeyValue: true, output: true, feedForward: true });
    const { biases } = traitsOf('qwen3', { head_dim: 16, attention_bias: true });
    assert.deepEqual(biases, { ...noBias, queryKeyValue: true, output: true });
  });

  it('takes what transformers takes where a field is absent', () => {
    const { num_key_value_heads: _, rms_norm_eps: __, ...rest } = configOf('llama');
    const { keyValueHeadCount, headDim, rmsNormEps, ropeTheta } = readCausalConfig(rest);
    assert.deepEqual(
      { keyValueHeadCount, headDim, rmsNormEps, ropeTheta },
      {
        keyValueHeadCount: 6,
        headDim: 16,
        rmsNormEps: 1e-6,
        ropeTheta: 10_000,
      },
    );
    assert.equal(readCausalConfig(configOf('mistral', { head_dim: 32 })).headDim, 32);
  });

  const llama3 = { factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };
  const read = { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalMaxPositions: 8192 };
  for (const [what, fields, expected] of [
    ['none', { rope_theta: 5e5, rope_scaling: null }, null],
    ['transformers 5', { rope_parameters: { rope_type: 'llama3', rope_theta: 5e5, ...llama3 } }, read],
    ['transformers 4', { rope_theta: 5e5, rope_scaling: { rope_type: 'llama3', ...llama3 } }, read],
    [
      'its first versions',
      { rope_theta: 5e5, rope_scaling: { type: 'linear', factor: 4 } },
      { type: 'linear', factor: 4 },
    ],
    [
      'both',
      {
        rope_theta: 5e5,
        rope_scaling: { type: 'linear', factor: 4 },
        rope_parameters: { rope_type: 'linear', rope_theta: 5e5, factor: 4 },
      },
      { type: 'linear', factor: 4 },
    ],
  ] as const) {
    it(`reads how frequencies are scaled, in the words of ${what}`, () => {
      const { ropeTheta, traits } = readCausalConfig(configOf('llama', fields));
      assert.deepEqual({ ropeTheta, scaling: traits.ropeScaling }, { ropeTheta: 5e5, scaling: expected });
    });
  }

  for (const [what, type, changes, expected] of [
    ['none of Qwen2 that it does not use', 'qwen2', { sliding_window: 512, max_window_layers: 1 }, null],
    [
      'one of Qwen2 from a layer on',
      'qwen2',
      { use_sliding_window: true, sliding_window: 512, max_window_layers: 1 },
      { tokens: 512, layers: [1, 2] },
    ],
    [
      'one of Qwen2 in the layers that are listed',
      'qwen2',
      {
        use_sliding_window: true,
        max_window_layers: 1,
        layer_types: ['sliding_attention', 'full_attention', 'full_attention'],
      },
      { tokens: 4096, layers: [0] },
    ],
    ['none where no text is longer', 'mistral', { sliding_window: 8192 }, null],
    ['none of Mistral with null', 'mistral', { sliding_window: null }, null],
    ['one of 4096 tokens of Mistral that says nothing', 'mistral', {}, { tokens: 4096, layers: [0, 1, 2] }],
  ] as const) {
    it(`reads sliding windows: ${what}`, () => {
      assert.deepEqual(traitsOf(type, changes).slidingWindow, expected);
    });
  }

  it('takes use_mrope = false, which Qwen2.5 says and no text depends on', () => {
    assert.deepEqual(traitsOf('qwen2', { use_mrope: false }), traitsOf('qwen2'));
  });

  it('takes code of a repository only where the config says what each token sees', () => {
    const auto_map = { AutoModel: 'modeling_qwen.Qwen2Model' };
    assert.throws(() => traitsOf('qwen2', { auto_map }), { message: /config\.json: auto_map is .*is_causal/ });
    assert.ok(traitsOf('qwen2', { auto_map, is_causal: true }));
    assert.ok(traitsOf('qwen2', { auto_map: { AutoModelForCausalLM: 'modeling_qwen.Qwen2ForCausalLM' } }));
  });

  for (const [type, field, value] of [
    ['qwen2', 'is_causal', false],
    ['llama', 'is_causal', false],
    ['mistral', 'is_causal', false],
    ['qwen2', 'layer_types', ['sliding_attention', 'full_attention', 'full_attention']],
    ['qwen2', 'attention_bias', true],
    ['qwen2', 'num_experts', 8],
    ['qwen2', 'use_mrope', true],
    ['llama', 'pretraining_tp', 2],
    ['llama', 'rope_scaling', { rope_type: 'yarn', factor: 4 }],
    ['llama', 'rope_scaling', { rope_type: 'dynamic', factor: 4 }],
    ['llama', 'rope_scaling', { type: 'longrope', factor: 4 }],
    ['llama', 'rope_scaling', { ...llama3, rope_type: 'llama3', factor: '8' }],
    ['llama', 'rope_parameters', { rope_theta: 1e4, rope_type: 'default', partial_rotary_factor: 0.5 }],
    ['llama', 'hidden_act', 'gelu'],
    ['llama', 'num_attention_heads', 7],
    ['mistral', 'sliding_window', 0],
    ['mistral', 'attention_bias', true],
    ['mistral', 'head_dim', 40],
  ] as const) {
    it(`refuses ${field} = ${JSON.stringify(value)} of ${type}, naming the field`, () => {
      const message = new RegExp(`config\\.json: ${field === 'num_attention_heads' ? 'head_dim' : field} is`);
      assert.throws(() => readCausalConfig(configOf(type, { [field]: value })), { name: 'StartError', message });
    });
  }

  it('refuses ways to scale that disagree', () => {
    const rope_parameters = { rope_type: 'linear', rope_theta: 1e4, factor: 4 };
    assert.throws(() => traitsOf('llama', { rope_scaling: { type: 'linear', factor: 2 }, rope_parameters }), {
      message: /rope_scaling is .*rope_parameters/,
    });
  });
});

describe('architectureFacts()', () => {
  const factsOf = (config: CausalConfig) =>
    architectureFacts(config, architectureOf(config.modelType)?.traits ?? qwen3.traits);

  it('leaves out what an architecture has in any case, so that fingerprints stay', () => {
    const facts = factsOf(readCausalConfig(configOf('qwen3', { head_dim: 16 })));
    assert.deepEqual(Object.keys(facts), [
      'modelType',
      'hiddenSize',
      'intermediateSize',
      'layerCount',
      'headCount',
      'keyValueHeadCount',
      'headDim',
      'rmsNormEps',
      'ropeTheta',
      'maxPositions',
      'vocabularySize',
    ]);
  });

  it('tells a window, a scaling and a bias from none', () => {
    const facts = [{}, { sliding_window: 16 }, { sliding_window: null }].map((changes) =>
      JSON.stringify(factsOf(readCausalConfig(configOf('mistral', changes)))),
    );
    assert.equal(new Set(facts).size, 3);
    const scaled = factsOf(readCausalConfig(configOf('llama', { rope_scaling: { type: 'linear', factor: 2 } })));
    assert.deepEqual(scaled.traits?.ropeScaling, { type: 'linear', factor: 2 });
  });
});
