/** The numbers of a published model's `config.json` that decide its shape. */
export interface ModelShape {
  hidden_size: number;
  intermediate_size: number;
  num_hidden_layers: number;
  num_attention_heads: number;
  num_key_value_heads: number;
  head_dim: number;
  max_position_embeddings: number;
  vocab_size: number;
}

/** What a random model is for. A reranker has the shape of the embedding model of its size, and a tied head. */
export type RandomTask = 'embed' | 'rerank';

/** Name for `--like` to shape; source: the `config.json` of Qwen/Qwen3-Embedding-*. */
export const modelShapes: Record<string, ModelShape> = {
  '0.6b': {
    hidden_size: 1024,
    intermediate_size: 3072,
    num_hidden_layers: 28,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    head_dim: 128,
    max_position_embeddings: 32768,
    vocab_size: 151669,
  },
  '4b': {
    hidden_size: 2560,
    intermediate_size: 9728,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    max_position_embeddings: 40960,
    vocab_size: 151665,
  },
  '8b': {
    hidden_size: 4096,
    intermediate_size: 12288,
    num_hidden_layers: 36,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    head_dim: 128,
    max_position_embeddings: 40960,
    vocab_size: 151665,
  },
};

/** The rest of `config.json`: the same in all sizes. */
export function configOf(shape: ModelShape, task: RandomTask): Record<string, unknown> {
  return {
    architectures: ['Qwen3ForCausalLM'],
    attention_bias: false,
    attention_dropout: 0,
    bos_token_id: 151643,
    eos_token_id: task === 'embed' ? 151643 : 151645,
    ...shape,
    hidden_act: 'silu',
    initializer_range: 0.02,
    max_window_layers: shape.num_hidden_layers,
    model_type: 'qwen3',
    rms_norm_eps: 1e-6,
    rope_scaling: null,
    rope_theta: 1_000_000,
    sliding_window: null,
    tie_word_embeddings: true,
    torch_dtype: 'bfloat16',
    transformers_version: '4.51.3',
    use_cache: true,
    use_sliding_window: false,
  };
}

/** How a tensor's random values are distributed: uniform around `mean` with this standard deviation. */
export interface TensorSpec {
  name: string;
  shape: number[];
  mean: number;
  deviation: number;
}

/**
 * Every tensor of a Qwen3 model without a head, under its official name: a reranker's begin with "model.", and its last
 * norm is small enough for logits near 1, where a sigmoid tells scores apart. Products keep the variance of what they are
 * given (deviation 1/√inputs), and the two that write to the residual stream share it out among the layers, so that
 * activations stay near 1 however deep the model is.
 */
export function tensorsOf(shape: ModelShape, task: RandomTask): TensorSpec[] {
  const { hidden_size: hidden, intermediate_size: intermediate, num_hidden_layers: layers, head_dim: headDim } = shape;
  const queryWidth = shape.num_attention_heads * headDim;
  const keyValueWidth = shape.num_key_value_heads * headDim;
  const norm = (name: string, width: number, mean = 1): TensorSpec => ({
    name,
    shape: [width],
    mean,
    deviation: mean / 10,
  });
  const linear = (name: string, outputs: number, inputs: number, scale = 1): TensorSpec => ({
    name,
    shape: [outputs, inputs],
    mean: 0,
    deviation: scale / Math.sqrt(inputs),
  });
  const toResidual = 1 / Math.sqrt(2 * layers);
  const tensors: TensorSpec[] = [
    { name: 'embed_tokens.weight', shape: [shape.vocab_size, hidden], mean: 0, deviation: 1 },
  ];
  for (let layer = 0; layer < layers; layer++) {
    const name = (part: string) => `layers.${layer}.${part}.weight`;
    tensors.push(
      norm(name('input_layernorm'), hidden),
      linear(name('self_attn.q_proj'), queryWidth, hidden),
      linear(name('self_attn.k_proj'), keyValueWidth, hidden),
      linear(name('self_attn.v_proj'), keyValueWidth, hidden),
      norm(name('self_attn.q_norm'), headDim),
      norm(name('self_attn.k_norm'), headDim),
      linear(name('self_attn.o_proj'), hidden, queryWidth, toResidual),
      norm(name('post_attention_layernorm'), hidden),
      linear(name('mlp.gate_proj'), intermediate, hidden),
      linear(name('mlp.up_proj'), intermediate, hidden),
      linear(name('mlp.down_proj'), hidden, intermediate, toResidual),
    );
  }
  if (task === 'embed') return [...tensors, norm('norm.weight', hidden)];
  tensors.push(norm('norm.weight', hidden, 1 / Math.sqrt(hidden)));
  return tensors.map((tensor) => ({ ...tensor, name: `model.${tensor.name}` }));
}
