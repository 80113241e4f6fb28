import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EncoderConfig } from '../../../../src/formats/encoder/architecture.ts';
import { architectureOf } from '../../../../src/formats/encoder/architectures.ts';
import type { Json } from '../../../../src/model-files/folder/read-json.ts';
import { assertNames } from '../../../support/assert-names.ts';

const BERT = {
  model_type: 'bert',
  vocab_size: 21_128,
  hidden_size: 512,
  num_hidden_layers: 4,
  num_attention_heads: 8,
  intermediate_size: 2048,
  hidden_act: 'gelu',
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
  layer_norm_eps: 1e-12,
  max_position_embeddings: 512,
  pad_token_id: 0,
  type_vocab_size: 2,
};
const XLM_ROBERTA = {
  ...BERT,
  model_type: 'xlm-roberta',
  max_position_embeddings: 8194,
  pad_token_id: 1,
  type_vocab_size: 1,
};
const { type_vocab_size: _, ...WITHOUT_TYPES } = BERT;
const MPNET = {
  ...WITHOUT_TYPES,
  model_type: 'mpnet',
  max_position_embeddings: 514,
  pad_token_id: 1,
  relative_attention_num_buckets: 32,
};
const DISTILBERT = {
  model_type: 'distilbert',
  vocab_size: 119_547,
  dim: 768,
  n_layers: 6,
  n_heads: 12,
  hidden_dim: 3072,
  activation: 'gelu',
  max_position_embeddings: 512,
  pad_token_id: 0,
};
const MODERNBERT = {
  model_type: 'modernbert',
  vocab_size: 50_368,
  hidden_size: 768,
  num_hidden_layers: 4,
  num_attention_heads: 12,
  intermediate_size: 1152,
  max_position_embeddings: 8192,
};
const NOMIC_BERT = {
  model_type: 'nomic_bert',
  vocab_size: 30_528,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  intermediate_size: 3072,
  max_position_embeddings: 2048,
};
const GEMMA3 = {
  model_type: 'gemma3_text',
  vocab_size: 262_144,
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 3,
  num_key_value_heads: 1,
  intermediate_size: 1152,
  max_position_embeddings: 2048,
  sliding_window: 512,
  use_bidirectional_attention: true,
};

function read(json: Json): EncoderConfig {
  const architecture = architectureOf(json.model_type);
  assert.ok(architecture !== undefined, String(json.model_type));
  return architecture.readConfig(json);
}

describe('readConfig()', () => {
  it('counts the positions that tokens can have: of RoBERTa and MPNet those after the padding token', () => {
    assert.equal(read(BERT).positions, 512);
    assert.equal(read(DISTILBERT).positions, 512);
    assert.deepEqual([read(XLM_ROBERTA).positions, read(XLM_ROBERTA).paddingToken], [8192, 1]);
    assert.deepEqual([read({ ...XLM_ROBERTA, pad_token_id: 3 }).positions], [8190]);
    // Whatever its config.json says of padding.
    assert.deepEqual([read(MPNET).positions, read({ ...MPNET, pad_token_id: 3 }).paddingToken], [512, 1]);
  });

  it('reads bases of rotation in the words of transformers 4 and of 5', () => {
    const thetas = { full_attention: 500, sliding_attention: 70 };
    const inFive = {
      rope_parameters: {
        full_attention: { rope_type: 'default', rope_theta: 500 },
        sliding_attention: { rope_type: 'default', rope_theta: 70 },
      },
    };
    for (const [json, inFour] of [
      [MODERNBERT, { global_rope_theta: 500, local_rope_theta: 70 }],
      [GEMMA3, { rope_theta: 500, rope_local_base_freq: 70, rope_scaling: null }],
    ] as const) {
      for (const words of [inFour, inFive, { ...inFour, ...inFive }]) {
        assert.deepEqual((read({ ...json, ...words }) as EncoderConfig & { ropeThetas: unknown }).ropeThetas, thetas);
      }
    }
    for (const words of [{ rotary_emb_base: 500 }, { rope_parameters: { rope_type: 'default', rope_theta: 500 } }]) {
      assert.equal((read({ ...NOMIC_BERT, ...words }) as EncoderConfig & { ropeTheta: number }).ropeTheta, 500);
    }
  });

  it('has the defaults of transformers: bases of rotation, windows and which layers have them', () => {
    const [full, sliding] = ['full_attention', 'sliding_attention'];
    const facts = (json: Json) => {
      const { layerTypes, ropeThetas, window } = read(json) as unknown as Record<string, unknown>;
      return { layerTypes, ropeThetas, window };
    };
    assert.deepEqual(facts(MODERNBERT), {
      layerTypes: [full, sliding, sliding, full],
      ropeThetas: { full_attention: 160_000, sliding_attention: 10_000 },
      window: 64,
    });
    assert.deepEqual(facts(GEMMA3), {
      layerTypes: Array.from({ length: 12 }, (_, layer) => (layer % 6 === 5 ? full : sliding)),
      ropeThetas: { full_attention: 1_000_000, sliding_attention: 10_000 },
      window: 256,
    });
    assert.deepEqual(facts({ ...MODERNBERT, global_attn_every_n_layers: 2 }).layerTypes, [
      full,
      sliding,
      full,
      sliding,
    ]);
    assert.deepEqual(facts({ ...GEMMA3, sliding_window: 513 }).window, 256);
    assert.equal((read(NOMIC_BERT) as EncoderConfig & { ropeTheta: number }).ropeTheta, 1000);
  });

  it('takes NomicBERT in the words of its authors and of transformers, and in both', () => {
    const ofAuthors = {
      model_type: 'nomic_bert',
      vocab_size: 30_528,
      n_embd: 768,
      n_layer: 12,
      n_head: 12,
      n_inner: 3072,
      n_positions: 8192,
      activation_function: 'swiglu',
      layer_norm_epsilon: 1e-12,
    };
    assert.deepEqual(read(ofAuthors), { ...read(NOMIC_BERT), positions: 8192 });
    assert.deepEqual(read({ ...NOMIC_BERT, ...ofAuthors }), read(ofAuthors));
  });

  for (const [name, json] of [
    // BAAI/bge-small-zh-v1.5 and other descendants of bert-base-chinese.
    [
      'what TensorFlow wrote',
      { ...BERT, directionality: 'bidi', pooler_fc_size: 768, pooler_type: 'first_token_transform', output_past: true },
    ],
    // sentence-transformers/distiluse-base-multilingual-cased-v2
    [
      'what transformers 2 wrote',
      {
        ...DISTILBERT,
        finetuning_task: null,
        is_decoder: false,
        output_hidden_states: true,
        pruned_heads: {},
        qa_dropout: 0.1,
        seq_classif_dropout: 0.2,
        sinusoidal_pos_embds: false,
        tie_weights_: true,
        torchscript: false,
        use_bfloat16: false,
      },
    ],
    ['the words of a language', { ...XLM_ROBERTA, language: 'english', name: 'XLMRoberta' }],
    ['how texts are generated', { ...MPNET, do_sample: false, num_beams: 1, max_length: 20, top_p: 1 }],
  ] as const) {
    it(`takes ${name}, which changes no vector`, () => {
      const { model_type: type } = json;
      const plain = [BERT, XLM_ROBERTA, MPNET, DISTILBERT].find(({ model_type: one }) => one === type) as Json;
      assert.deepEqual(read(json), read(plain));
    });
  }

  for (const [json, field, value] of [
    [BERT, 'position_embedding_type', 'relative_key'],
    [BERT, 'is_decoder', true],
    [BERT, 'hidden_act', 'quick_gelu'],
    [BERT, 'num_attention_heads', 7],
    [BERT, 'pruned_heads', { 0: [1] }],
    [BERT, 'per_layer_config', { 1: {} }],
    [BERT, 'num_experts', 8],
    [XLM_ROBERTA, 'pad_token_id', -1],
    [XLM_ROBERTA, 'max_position_embeddings', 2],
    [XLM_ROBERTA, 'add_cross_attention', true],
    // Its code has 32 in any case, so that a table of another size would be read past its end, or in part.
    [MPNET, 'relative_attention_num_buckets', 64],
    [MPNET, 'type_vocab_size', 2],
    [DISTILBERT, 'n_heads', 5],
    [DISTILBERT, 'activation', 'gelu_10'],
    [DISTILBERT, 'hidden_size', 768],
    [MODERNBERT, 'num_attention_heads', 7],
    [MODERNBERT, 'layer_types', ['full_attention']],
    [MODERNBERT, 'layer_types', Array(4).fill('chunked_attention')],
    [MODERNBERT, 'rope_scaling', { rope_type: 'linear', factor: 2 }],
    [MODERNBERT, 'rope_parameters', { rope_type: 'default', rope_theta: 1000 }],
    [MODERNBERT, 'rope_parameters', { full_attention: { rope_type: 'yarn', rope_theta: 1000 } }],
    [MODERNBERT, 'rope_parameters', { full_attention: { rope_theta: 1000, partial_rotary_factor: 0.5 } }],
    // transformers 4 takes that of the other layers, 5 fails.
    [MODERNBERT, 'local_rope_theta', null],
    [MODERNBERT, 'attention_bias', 1],
    [GEMMA3, 'use_bidirectional_attention', undefined],
    [GEMMA3, 'use_bidirectional_attention', false],
    [GEMMA3, 'attn_logit_softcapping', 50],
    [GEMMA3, 'num_key_value_heads', 2],
    [GEMMA3, 'head_dim', 15],
    [NOMIC_BERT, 'rotary_scaling_factor', 2],
    [NOMIC_BERT, 'rotary_emb_fraction', 0.5],
    [NOMIC_BERT, 'rotary_emb_interleaved', true],
    [NOMIC_BERT, 'moe_every_n_layers', 2],
    [NOMIC_BERT, 'activation_function', 'gelu'],
    [NOMIC_BERT, 'n_embd', 512],
    [NOMIC_BERT, 'qkv_proj_bias', true],
    [NOMIC_BERT, 'prenorm', true],
  ] as const) {
    it(`refuses ${field} = ${JSON.stringify(value)} of ${json.model_type}, naming it`, () => {
      assert.throws(
        () => read({ ...json, [field]: value }),
        (error: Error) => {
          assert.equal(error.name, 'StartError', error.message);
          assertNames(error.message, 'config.json', field);
          return true;
        },
      );
    });
  }

  it('says how rope_parameters are written where layers differ', () => {
    const rope_parameters = { rope_type: 'default', rope_theta: 1000 };
    for (const json of [MODERNBERT, GEMMA3]) {
      assert.throws(() => read({ ...json, rope_parameters }), {
        message: /hotvec supports \{"full_attention": \{"rope_type": "default", .*"sliding_attention": the same\}\.$/,
      });
    }
  });
});
