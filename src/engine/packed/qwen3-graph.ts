import { StartError } from '../../errors.ts';
import type { PackedWeights, TensorLocation } from '../../model/manifest.ts';
import { type Attribute, ElementType, OnnxGraph } from './onnx-graph.ts';
import { rotaryTables } from './rope.ts';

const MICROSOFT = 'com.microsoft';
const ELEMENT_TYPE = { F32: ElementType.float32, F16: ElementType.float16, BF16: ElementType.bfloat16 } as const;

/** Tensors a checkpoint may have that no hidden state depends on: the language model's head, tables that are computed. */
const NOT_FOR_EMBEDDING = /^lm_head\.weight$|rotary_emb\.inv_freq$/;

/**
 * Writes the packed Qwen3 graph: one row per unique token in every matrix product, padding only inside attention, the
 * pooled and final-normed row of each sequence as its only output. Weights stay where they are in the safetensors.
 *
 * Inputs: token_ids [N], pad_index [B,S], pack_index [N], last_row [B], last_slot [B] (see `PackedPlan`), seqlens_k [B]
 * (= length − 1) and total_sequence_length [1] (= S), all int32. Output: pooled [B, hiddenSize] float32, not normalized.
 * The arithmetic is transformers' `Qwen3Model` (modeling_qwen3.py).
 *
 * @param positions rows of the rotary tables: the longest sequence that will be fed.
 * @param fileName names a weight file inside the session's data folder.
 * @throws {StartError} for a tensor that is missing, of another shape than config.json says, or left over.
 */
export function writeQwen3Graph(
  { architecture: config, tensors }: PackedWeights,
  positions: number,
  fileName: (location: TensorLocation) => string,
): Uint8Array {
  const { hiddenSize: hidden, headCount, keyValueHeadCount, headDim, intermediateSize } = config;
  const queryWidth = headCount * headDim;
  const keyValueWidth = keyValueHeadCount * headDim;
  const graph = new OnnxGraph('qwen3-packed');
  const epsilon = { epsilon: { float: config.rmsNormEps } };

  const unused = new Set(Object.keys(tensors).filter((name) => !NOT_FOR_EMBEDDING.test(name)));

  /** The tensor in its own precision. */
  const stored = (name: string, shape: number[]): string => {
    const tensor = tensors[name];
    unused.delete(name);
    if (tensor === undefined) throw new StartError(`The weights have no tensor ${name}, which config.json calls for.`);
    if (tensor.shape.join() !== shape.join()) {
      throw new StartError(`Tensor ${name} is [${tensor.shape}]; config.json says [${shape}].`);
    }
    return graph.externalConstant(name, ELEMENT_TYPE[tensor.dtype], shape, {
      file: fileName(tensor),
      offset: tensor.offset,
      byteLength: tensor.byteLength,
    });
  };
  /** Anything → float32; ONNX Runtime folds it into the constant at load. */
  const toFloat32 = (value: string, dtype: TensorLocation['dtype'] | undefined): string =>
    dtype === 'F32' ? value : graph.node('Cast', [value], { attributes: { to: { int: ElementType.float32 } } });
  const weight = (name: string, shape: number[]): string => toFloat32(stored(name, shape), tensors[name]?.dtype);
  /** x [·, columns] × Wᵀ, W as PyTorch's Linear stores it: [rows, columns]. */
  const linear = (x: string, name: string, rows: number, columns: number): string =>
    graph.node('Gemm', [x, weight(name, [rows, columns])], { attributes: { transB: { int: 1 } } });
  const gather = (rows: string, index: string): string => graph.node('Gather', [rows, index]);
  const shapes = new Map<string, string>();
  const int64s = (values: number[]): string => {
    const key = `int64_${values.join('_')}`;
    if (!shapes.has(key)) {
      shapes.set(key, graph.constant(key, ElementType.int64, [values.length], BigInt64Array.from(values.map(BigInt))));
    }
    return key;
  };
  const reshape = (x: string, shape: number[]): string => graph.node('Reshape', [x, int64s(shape)]);
  const normalize = (x: string, name: string, width: number): string =>
    graph.node('SimplifiedLayerNormalization', [x, weight(name, [width])], { attributes: epsilon });
  /** residual + x, and its norm. */
  const addAndNormalize = (x: string, residual: string, name: string): { normed: string; sum: string } => {
    const outputs = [`${name}.normed`, '', '', `${name}.sum`];
    graph.node('SkipSimplifiedLayerNormalization', [x, residual, weight(name, [hidden])], {
      domain: MICROSOFT,
      attributes: epsilon,
      outputs,
    });
    return { normed: `${name}.normed`, sum: `${name}.sum` };
  };

  const index = (name: string, shape: (number | string)[]) => graph.input(name, ElementType.int32, shape);
  const tokenIds = index('token_ids', ['N']);
  const padIndex = index('pad_index', ['B', 'S']);
  const packIndex = index('pack_index', ['N']);
  const lastRow = index('last_row', ['B']);
  const lastSlot = index('last_slot', ['B']);
  const seqlensK = index('seqlens_k', ['B']);
  const totalLength = index('total_sequence_length', [1]);

  const tables = rotaryTables(positions, headDim, config.ropeTheta);
  const cos = graph.constant('rope.cos', ElementType.float32, [positions, headDim / 2], tables.cos);
  const sin = graph.constant('rope.sin', ElementType.float32, [positions, headDim / 2], tables.sin);
  const attention: Record<string, Attribute> = {
    num_heads: { int: headCount },
    kv_num_heads: { int: keyValueHeadCount },
    do_rotary: { int: 1 },
    scale: { float: 1 / Math.sqrt(headDim) },
  };

  // The embedding table is looked up in its own precision: casting it whole would double the largest tensor.
  const embedding = stored('embed_tokens.weight', [config.vocabularySize, hidden]);
  let residual = toFloat32(gather(embedding, tokenIds), tensors['embed_tokens.weight']?.dtype); // [N, hidden]
  let pending: string | undefined; // the last layer's output, not yet added to the residual stream

  for (let layer = 0; layer < config.layerCount; layer++) {
    const name = (part: string) => `layers.${layer}.${part}.weight`;
    const isLast = layer === config.layerCount - 1;

    let normed: string;
    if (pending === undefined) {
      normed = normalize(residual, name('input_layernorm'), hidden);
    } else {
      ({ normed, sum: residual } = addAndNormalize(pending, residual, name('input_layernorm')));
    }
    /** Norm per head, before the rotation. */
    const perHead = (x: string, norm: string, width: number): string =>
      reshape(normalize(reshape(x, [-1, headDim]), name(norm), headDim), [-1, width]);
    const query = perHead(linear(normed, name('self_attn.q_proj'), queryWidth, hidden), 'self_attn.q_norm', queryWidth);
    const key = perHead(
      linear(normed, name('self_attn.k_proj'), keyValueWidth, hidden),
      'self_attn.k_norm',
      keyValueWidth,
    );
    const value = linear(normed, name('self_attn.v_proj'), keyValueWidth, hidden);
    const padded = [query, key, value].map((x) => gather(x, padIndex)); // [B, S, ·]
    const attended = graph.node('GroupQueryAttention', [...padded, '', '', seqlensK, totalLength, cos, sin], {
      domain: MICROSOFT,
      attributes: attention,
      outputs: [`attended.${layer}`, `present_key.${layer}`, `present_value.${layer}`],
    });
    // Nobody wants the present keys and values. But without them attention takes a slower way that stores every score,
    // and an output that no node reads is kept until the run ends: 230 KB a token over the layers of the 0.6B model. So
    // their sizes, times zero, go into the shape below, and each pair is freed before the next layer.
    const sizes = ['key', 'value'].map((kind) => graph.node('Size', [`present_${kind}.${layer}`]));
    const nothing = graph.node('Mul', [graph.node('Add', sizes), int64s([0])]);
    const rows = graph.node('Reshape', [attended, graph.node('Add', [int64s([-1, queryWidth]), nothing])]);
    // After the last attention only one row a sequence matters: the output projection and the FFN run on [B, ·].
    const packed = gather(rows, isLast ? lastSlot : packIndex);
    if (isLast) residual = gather(residual, lastRow);

    const projected = linear(packed, name('self_attn.o_proj'), hidden, queryWidth);
    const afterAttention = addAndNormalize(projected, residual, name('post_attention_layernorm'));
    residual = afterAttention.sum;
    const gate = linear(afterAttention.normed, name('mlp.gate_proj'), intermediateSize, hidden);
    const silu = graph.node('Mul', [gate, graph.node('Sigmoid', [gate])]);
    const up = linear(afterAttention.normed, name('mlp.up_proj'), intermediateSize, hidden);
    pending = linear(graph.node('Mul', [silu, up]), name('mlp.down_proj'), hidden, intermediateSize);
  }

  graph.node('SkipSimplifiedLayerNormalization', [pending as string, residual, weight('norm.weight', [hidden])], {
    domain: MICROSOFT,
    attributes: epsilon,
    outputs: [graph.output('pooled', ElementType.float32, ['B', hidden])],
  });
  const [left] = unused;
  if (left !== undefined) {
    throw new StartError(
      `The weights have a tensor ${left}, for which config.json has no place: the two do not belong together.`,
    );
  }
  return graph.serialize({ '': 21, [MICROSOFT]: 1 });
}
