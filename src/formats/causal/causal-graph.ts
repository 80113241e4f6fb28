import { GraphWeights } from '../graph-writer/graph-weights.ts';
import { int8Products } from '../graph-writer/int8-products.ts';
import { ElementType, OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { inverseFrequencies, rotaryTables } from '../graph-writer/rotary-tables.ts';
import { fusedAttention, plainAttention } from './attention.ts';
import { blockAttention } from './block-attention.ts';
import type { CausalWeights } from './causal-weights.ts';
import { scaleFrequencies } from './rope.ts';

const MICROSOFT = 'com.microsoft';
/** What matrix products and attention can be computed in. */
export const PACKED_DTYPES = ['fp32', 'bf16', 'fp16', 'int8'] as const;
export type PackedDtype = (typeof PACKED_DTYPES)[number];
/** What they take and give; in int8 only the products that are quantized are computed in it, and these quantize themselves. */
export const PRODUCT_TYPE = {
  fp32: ElementType.float32,
  bf16: ElementType.bfloat16,
  fp16: ElementType.float16,
  int8: ElementType.float32,
} as const;
export const EMBEDDING_TABLE = 'embed_tokens.weight';

/** Products whose inputs have massive activations: those of the gated activation (docs/decisions/0032, 0122). */
const WITH_OUTLIERS = /\.mlp\.down_proj\.weight$/;

/** Tensors a checkpoint may have that no hidden state depends on: the language model's head, tables that are computed. */
const NOT_FOR_EMBEDDING = /^lm_head\.weight$|rotary_emb\.inv_freq$/;

/** Ways to compute attention, and the version of ONNX's operators that each is written in. */
const ATTENTION = {
  blocks: { write: blockAttention, opset: 24 },
  fused: { write: fusedAttention, opset: 21 },
  plain: { write: plainAttention, opset: 21 },
} as const;

export interface GraphOptions {
  /** Rows of the rotary tables: the longest sequence that will be fed. */
  positions: number;
  /** Names a weight file inside the session's data folder. */
  fileName: (location: { file: string }) => string;
  dtype: PackedDtype;
  /**
   * In blocks of queries, for the CPU (block-attention.ts), with ONNX Runtime's own operator, or with plain ones, for a provider whose
   * own operator is wrong (attention.ts).
   */
  attention: keyof typeof ATTENTION;
  /** Whether keys and values of earlier batches are fed, and some of this one's answered (kept-prefixes.ts). */
  keepsPrefixes?: boolean;
  /** Whether embedding rows are fed, looked up elsewhere (graph-writer/embedding-lookup.ts), instead of token ids. */
  feedEmbeddings?: boolean;
}

/**
 * Writes the packed graph of a decoder: one row per unique token in every matrix product, padding only inside attention, the
 * final-normed rows of the tokens asked for, each sequence's last or all of its, as its only output. Weights stay where they are in the safetensors.
 *
 * Inputs: token_ids [N], last_row [R] (see `PackedPlan`), pack_index [N] and last_slot [R], a slot of attention for each packed row and
 * each that is asked for, all int32, and those of the attention (attention.ts, block-attention.ts). With `feedEmbeddings` embeddings
 * [N, hiddenSize] float32 takes the place of token_ids. With `keepsPrefixes` kept rows are counted before packed ones where keys are
 * gathered, and keep_rows [K] int32 and, of each layer, kept_key and kept_value [P, key-value width] are inputs, and the rows
 * keep_rows of both together outputs: keep_key and keep_value. Output: pooled [R, hiddenSize] float32, not normalized, whatever the precision; of a
 * reranker [R, 1], what its head makes of that.
 * The arithmetic is that of transformers' `Qwen3Model` (modeling_qwen3.py), whose relatives have biases where it has none,
 * and no norms of heads (`LayerTraits`).
 *
 * In bf16 and fp16 the residual stream and its norms are float32: Qwen3's activations outgrow float16 there, and each
 * layer's rounding would stay. Matrix products, per-head norms and attention are in the half precision.
 * In int8 the matrices that `weights.int8` holds are multiplied as integers (int8-products.ts), the rest is fp32.
 *
 * @throws {StartError} for a tensor that is missing, of another shape than config.json says, or left over.
 */
export function writeCausalGraph(
  { architecture: config, tensors, int8, head }: CausalWeights,
  { positions, fileName, dtype, attention, keepsPrefixes = false, feedEmbeddings = false }: GraphOptions,
): Uint8Array {
  const { hiddenSize: hidden, headCount, keyValueHeadCount, headDim, intermediateSize, traits } = config;
  const { biases } = traits;
  const queryWidth = headCount * headDim;
  const keyValueWidth = keyValueHeadCount * headDim;
  const graph = new OnnxGraph('causal-packed');
  const epsilon = { epsilon: { float: config.rmsNormEps } };

  const weights = new GraphWeights(graph, { tensors, fileName, ignored: NOT_FOR_EMBEDDING });
  const product = PRODUCT_TYPE[dtype];
  const { float32 } = ElementType;
  const toProduct = (value: string): string => graph.cast(value, float32, product);
  const fromProduct = (value: string): string => graph.cast(value, product, float32);
  const int8Product = int8Products(graph, fileName);
  /** x [·, columns] × Wᵀ + b, as PyTorch's Linear stores them: W is [rows, columns]. */
  const linear = (x: string, part: string, rows: number, columns: number, hasBias: boolean): string => {
    const name = `${part}.weight`;
    const bias = hasBias ? [weights.constant(`${part}.bias`, [rows], product)] : [];
    const quantized = dtype === 'int8' ? int8?.[name] : undefined;
    if (quantized === undefined) {
      return graph.node('Gemm', [x, weights.constant(name, [rows, columns], product), ...bias], {
        attributes: { transB: { int: 1 } },
      });
    }
    weights.check(name, [rows, columns]);
    const multiplied = int8Product(x, { name, matrix: quantized, splitsOutliers: WITH_OUTLIERS.test(name) });
    return hasBias ? graph.node('Add', [multiplied, ...bias]) : multiplied;
  };
  const gather = (rows: string, index: string): string => graph.node('Gather', [rows, index]);
  const normalize = (x: string, part: string, width: number, type: ElementType): string =>
    graph.node('SimplifiedLayerNormalization', [x, weights.constant(`${part}.weight`, [width], type)], {
      attributes: epsilon,
    });
  /** residual + x, and its norm for the products that follow. */
  const addAndNormalize = (x: string, residual: string, name: string): { normed: string; sum: string } => {
    const outputs = [`${name}.normed`, '', '', `${name}.sum`];
    graph.node(
      'SkipSimplifiedLayerNormalization',
      [fromProduct(x), residual, weights.constant(`${name}.weight`, [hidden], float32)],
      {
        domain: MICROSOFT,
        attributes: epsilon,
        outputs,
      },
    );
    return { normed: toProduct(`${name}.normed`), sum: `${name}.sum` };
  };

  const index = (name: string, shape: (number | string)[]) => graph.input(name, ElementType.int32, shape);
  const tokens = feedEmbeddings ? graph.input('embeddings', float32, ['N', hidden]) : index('token_ids', ['N']);
  const packIndex = index('pack_index', ['N']);
  const keepRows = keepsPrefixes ? index('keep_rows', ['K']) : '';
  const lastRow = index('last_row', ['R']);
  const lastSlot = index('last_slot', ['R']);
  const frequencies = scaleFrequencies(inverseFrequencies(headDim, config.ropeTheta), traits.ropeScaling);
  const tables = rotaryTables(positions, frequencies);
  // In the precision of the attention, as transformers casts them.
  const rotary = (name: string, table: Float32Array) =>
    toProduct(graph.constant(name, float32, [positions, headDim / 2], table));
  const { write: writeAttention, opset } = ATTENTION[attention];
  const { rotate, attend, lastQueries } = writeAttention(graph, config, {
    cos: rotary('rope.cos', tables.cos),
    sin: rotary('rope.sin', tables.sin),
    type: product,
    keepsPrefixes,
  });

  /** Rows kept before and those of this batch, one after the other. */
  const withKept = (rows: string, what: 'key' | 'value', layer: number): string => {
    if (!keepsPrefixes) return rows;
    const before = graph.input(`kept_${what}.${layer}`, product, ['P', keyValueWidth]);
    const all = graph.node('Concat', [before, rows], { attributes: { axis: { int: 0 } } });
    const kept = graph.output(`keep_${what}.${layer}`, product, ['K', keyValueWidth]);
    graph.node('Gather', [all, keepRows], { outputs: [kept] });
    return all;
  };

  const table = [config.vocabularySize, hidden];
  const lookUp = (): string => {
    const { value, type } = weights.stored(EMBEDDING_TABLE, table);
    return graph.cast(gather(value, tokens), type, float32);
  };
  if (feedEmbeddings) weights.check(EMBEDDING_TABLE, table);
  let residual = feedEmbeddings ? tokens : lookUp(); // [N, hidden]
  let pending: string | undefined; // the last layer's output, not yet added to the residual stream

  for (let layer = 0; layer < config.layerCount; layer++) {
    const name = (part: string) => `layers.${layer}.${part}`;
    const isLast = layer === config.layerCount - 1;

    let normed: string;
    if (pending === undefined) {
      normed = toProduct(normalize(residual, name('input_layernorm'), hidden, float32));
    } else {
      ({ normed, sum: residual } = addAndNormalize(pending, residual, name('input_layernorm')));
    }
    /** Norm per head, before the rotation. */
    const perHead = (x: string, norm: string, width: number): string => {
      if (!traits.headNorms) return x;
      return graph.reshape(normalize(graph.reshape(x, [-1, headDim]), name(norm), headDim, product), [-1, width]);
    };
    const project = (part: string, width: number, rows = normed): string =>
      linear(rows, name(part), width, hidden, biases.queryKeyValue);
    // In the last layer only the queries of the rows asked for matter.
    const queryRows = isLast ? lastQueries : undefined;
    const querying = queryRows === undefined ? normed : gather(normed, queryRows);
    const projected = project('self_attn.q_proj', queryWidth, querying);
    const query = rotate(perHead(projected, 'self_attn.q_norm', queryWidth), headCount, queryRows);
    const key = rotate(
      perHead(project('self_attn.k_proj', keyValueWidth), 'self_attn.k_norm', keyValueWidth),
      keyValueHeadCount,
    );
    const value = project('self_attn.v_proj', keyValueWidth);
    const attended = attend(query, withKept(key, 'key', layer), withKept(value, 'value', layer), layer);
    // And after its attention only these rows: the output projection and the FFN run on [R, ·].
    const packed = gather(attended, isLast ? lastSlot : packIndex);
    if (isLast) residual = gather(residual, lastRow);

    const output = linear(packed, name('self_attn.o_proj'), hidden, queryWidth, biases.output);
    const afterAttention = addAndNormalize(output, residual, name('post_attention_layernorm'));
    residual = afterAttention.sum;
    const raise = (part: string): string =>
      linear(afterAttention.normed, name(part), intermediateSize, hidden, biases.feedForward);
    const gate = raise('mlp.gate_proj');
    const silu = graph.node('Mul', [gate, graph.node('Sigmoid', [gate])]);
    const raised = graph.node('Mul', [silu, raise('mlp.up_proj')]);
    pending = linear(raised, name('mlp.down_proj'), hidden, intermediateSize, biases.feedForward);
  }

  const last = [fromProduct(pending as string), residual, weights.constant('norm.weight', [hidden], float32)];
  const width = head === null ? hidden : 1;
  const pooled = graph.output('pooled', float32, ['R', width]);
  const hiddenRows = head === null ? pooled : 'last_hidden';
  graph.node('SkipSimplifiedLayerNormalization', last, {
    domain: MICROSOFT,
    attributes: epsilon,
    outputs: [hiddenRows],
  });
  if (head !== null) {
    const row = (index: number) => weights.row(head.tensor, index, hidden, 'from which a score is made');
    const [yes, no] = head.rows;
    const direction = no === null ? row(yes) : graph.node('Sub', [row(yes), row(no)]);
    graph.node('Gemm', [hiddenRows, direction], { attributes: { transB: { int: 1 } }, outputs: [pooled] });
  }
  weights.assertAllUsed();
  return graph.serialize({ '': opset, [MICROSOFT]: 1 });
}
