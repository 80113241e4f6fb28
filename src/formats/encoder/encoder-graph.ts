import type { Int8Matrix } from '../../model-files/int8/scheme.ts';
import type { GraphWeights } from '../graph-writer/graph-weights.ts';
import { type Int8Product, int8Products } from '../graph-writer/int8-products.ts';
import { ElementType, type OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { type Activation, activate } from './activations.ts';
import type { Attend, AttentionParts, AttentionShape } from './attention.ts';
import { writeBiasByDistance } from './bias-by-distance.ts';
import { fusedAttention } from './fused-attention.ts';
import { addAndNormalize, type Norm, type NormParts, normalize, type SumAndNorm } from './norms.ts';
import { plainAttention } from './plain-attention.ts';
import { fusedRotation, plainRotation, type Rotate } from './rotation.ts';

/** One layer of a stack, while it is written. */
export interface Layer {
  index: number;
  /** After its attention only the rows that are asked for matter. */
  isLast: boolean;
}

export interface EncoderGraphOptions {
  /** Tensor name to what it was quantized to; left out: nothing is. */
  int8: Readonly<Record<string, Int8Matrix>>;
  fileName: (location: { file: string }) => string;
  /** ONNX Runtime's own operators, or plain ones, for devices whose own are missing or wrong. */
  operators: 'fused' | 'plain';
  /** Longest sequence that will be fed: rows of rotary tables. */
  longest: number;
  /** Whether every token's hidden state is asked for, as a mean takes them; else those of row_index and row_slot. */
  everyRow: boolean;
}

/**
 * What architectures write their layers with. N packed rows, one a token, take part in products, norms and activations;
 * only attention sees a padded view [B, S]. Values are float32.
 *
 * Inputs, all int32, each only in a graph that reads it: token_ids, token_types, positions [N] (of each token in its
 * sequence), pad_index [B, S] (padded slot → row), pack_index [N] (row → flat slot), lengths [B], slot_position [S]
 * (0, 1, …), and with `everyRow` false row_index and row_slot [R], the rows and slots that are asked for. With plain
 * operators embeddings [N, width] float32 take the place of token_ids.
 */
export class EncoderGraph {
  private readonly graph: OnnxGraph;
  private readonly weights: GraphWeights;
  private readonly options: EncoderGraphOptions;
  private readonly int8Product: Int8Product;
  /** The table of the vocabulary, where its rows are fed, looked up elsewhere (graph-writer/embedding-lookup.ts). */
  fedTable: string | undefined;
  private readonly inputs = new Set<string>();
  private readonly parts: AttentionParts;
  private readonly writeAttention: Attend;
  private readonly normParts: NormParts;
  /**
   * Rotary position embedding of queries or keys, [N, heads × headDim].
   * @returns [N, heads × headDim]
   */
  readonly rotate: Rotate;

  constructor(graph: OnnxGraph, weights: GraphWeights, options: EncoderGraphOptions) {
    this.graph = graph;
    this.weights = weights;
    this.options = options;
    this.int8Product = int8Products(graph, options.fileName);
    const { longest, operators } = options;
    const isFused = operators === 'fused';
    this.parts = { graph, longest, input: (name, shape) => this.input(name, shape) };
    this.writeAttention = isFused ? fusedAttention(this.parts) : plainAttention(this.parts);
    const rotation = { graph, longest, positions: () => this.positions };
    this.rotate = isFused ? fusedRotation(rotation) : plainRotation(rotation);
    this.normParts = { graph, weights, operators };
  }

  /** Which text of a pair a token is of. */
  get tokenTypes(): string {
    return this.input('token_types', ['N']);
  }

  /** Of each token in its sequence, from 0. */
  get positions(): string {
    return this.input('positions', ['N']);
  }

  /**
   * Embeddings of the tokens, [N, width].
   * @param shape of the table of the vocabulary.
   */
  embed(name: string, shape: readonly [rows: number, width: number]): string {
    if (this.options.operators === 'fused') return this.lookUp(name, this.input('token_ids', ['N']), shape);
    this.weights.check(`${name}.weight`, shape);
    this.fedTable = `${name}.weight`;
    return this.graph.input('embeddings', ElementType.float32, ['N', shape[1]]);
  }

  /** Rows of a table, [N, width]. On the CPU the table keeps its own precision. */
  lookUp(name: string, index: string, shape: readonly [rows: number, width: number]): string {
    if (this.options.operators === 'plain') {
      return this.graph.node('Gather', [this.weights.constant(`${name}.weight`, shape), index]);
    }
    const { value, type } = this.weights.stored(`${name}.weight`, shape);
    return this.graph.cast(this.graph.node('Gather', [value, index]), type, ElementType.float32);
  }

  /** x × Wᵀ + b, as PyTorch's Linear: W is [rows, columns]. */
  linear(
    x: string,
    name: string,
    [rows, columns]: readonly [rows: number, columns: number],
    { bias = true }: { bias?: boolean } = {},
  ): string {
    const quantized = this.options.int8[`${name}.weight`];
    const offset = bias ? [this.weights.constant(`${name}.bias`, [rows])] : [];
    if (quantized === undefined) {
      const matrix = this.weights.constant(`${name}.weight`, [rows, columns]);
      return this.graph.node('Gemm', [x, matrix, ...offset], { attributes: { transB: { int: 1 } } });
    }
    this.weights.check(`${name}.weight`, [rows, columns]);
    const product = this.int8Product(x, { name: `${name}.weight`, matrix: quantized, splitsOutliers: true });
    return bias ? this.graph.node('Add', [product, ...offset]) : product;
  }

  /**
   * Several products of the same x, whose matrices are stored as one, [rows of all, columns].
   * @param rows of each.
   */
  linears(
    x: string,
    name: string,
    rows: readonly number[],
    columns: number,
    { bias = true }: { bias?: boolean } = {},
  ): string[] {
    const all = rows.reduce((sum, count) => sum + count, 0);
    if (this.options.int8[`${name}.weight`] !== undefined) {
      const outputs = rows.map((_, i) => `${name}.${i}`);
      this.graph.node('Split', [this.linear(x, name, [all, columns], { bias }), this.graph.int64s(rows)], {
        attributes: { axis: { int: 1 } },
        outputs,
      });
      return outputs;
    }
    return rows.map((count, i) => {
      const first = rows.slice(0, i).reduce((sum, before) => sum + before, 0);
      const part = (tensor: string, shape: readonly number[]) =>
        this.weights.rows(`${name}.${tensor}`, shape, first, count);
      const parts = [part('weight', [all, columns]), ...(bias ? [part('bias', [all])] : [])];
      return this.graph.node('Gemm', [x, ...parts], { attributes: { transB: { int: 1 } } });
    });
  }

  add(a: string, b: string): string {
    return this.graph.node('Add', [a, b]);
  }

  multiply(a: string, b: string): string {
    return this.graph.node('Mul', [a, b]);
  }

  /** Each row times one number. */
  scale(x: string, factor: number): string {
    return this.multiply(x, this.graph.number(factor));
  }

  /** torch.nn.LayerNorm. */
  layerNorm(x: string, name: string, width: number, epsilon: number): string {
    return normalize(x, layerNormOf(name, width, epsilon), this.normParts);
  }

  /** The LayerNorm of x + residual, as layers have it that normalize after each step. */
  skipLayerNorm(x: string, residual: string, name: string, width: number, epsilon: number): string {
    return addAndNormalize(x, residual, layerNormOf(name, width, epsilon), this.normParts).normed;
  }

  norm(x: string, norm: Norm): string {
    return normalize(x, norm, this.normParts);
  }

  /** The norm of each head of x, [N, heads × headDim]; its width is headDim. */
  normHeads(x: string, norm: Norm, heads: number): string {
    return this.graph.reshape(this.norm(this.graph.reshape(x, [-1, norm.width]), norm), [-1, heads * norm.width]);
  }

  /** x + residual and its norm, as layers have it that normalize before each step. */
  addAndNorm(x: string, residual: string, norm: Norm): SumAndNorm {
    return addAndNormalize(x, residual, norm, this.normParts);
  }

  activate(x: string, activation: Activation): string {
    return activate(this.graph, x, activation);
  }

  /**
   * What is added to scores for how far a key is from its query.
   * @param name of a table of a number for each head, [rows, heads].
   * @param rowOf the row for a key that is that many tokens after its query, or before it where that is negative.
   * @returns [1, heads, S, S]
   */
  biasByDistance(
    name: string,
    shape: readonly [rows: number, heads: number],
    rowOf: (distance: number) => number,
  ): string {
    const table = this.weights.constant(`${name}.weight`, shape);
    return writeBiasByDistance(this.parts, { table, rowOf, longest: this.options.longest });
  }

  /** The layers of a stack, in turn. */
  *layers(count: number): Generator<Layer> {
    for (let index = 0; index < count; index++) yield { index, isLast: index === count - 1 };
  }

  /**
   * Attention of every token to those of its sequence.
   * @param projected packed rows [N, heads × headDim].
   * @returns [N, heads × headDim]; in the last layer [R, heads × headDim].
   */
  attend(projected: { query: string; key: string; value: string }, shape: AttentionShape, { isLast }: Layer): string {
    const seen = this.writeAttention(projected, shape); // [B × S, heads × headDim]
    const isCut = isLast && !this.options.everyRow;
    const slots = isCut ? this.input('row_slot', ['R']) : this.input('pack_index', ['N']);
    return this.graph.node('Gather', [seen, slots]);
  }

  /** x as it is; in the last layer its rows that are asked for. */
  rowsAskedFor(x: string, { isLast }: Layer): string {
    if (!isLast || this.options.everyRow) return x;
    return this.graph.node('Gather', [x, this.input('row_index', ['R'])]);
  }

  /** An int32 input, declared when it is first read. */
  private input(name: string, shape: (number | string)[]): string {
    if (!this.inputs.has(name)) this.graph.input(name, ElementType.int32, shape);
    this.inputs.add(name);
    return name;
  }
}

function layerNormOf(name: string, width: number, epsilon: number): Norm {
  return { kind: 'layer', name, width, epsilon, bias: true, isWeightLessOne: false };
}
