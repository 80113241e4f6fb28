import type { GraphWeights } from '../graph-writer/graph-weights.ts';
import type { OnnxGraph } from '../graph-writer/onnx-graph.ts';

/** A norm of each row, and the tensors it has. */
export interface Norm {
  /** `layer`: torch.nn.LayerNorm. `rms`: x ÷ √(mean of x² + epsilon), times a weight. */
  kind: 'layer' | 'rms';
  /** Of its tensors: `NAME.weight` and, where there is one, `NAME.bias`. */
  name: string;
  /** Components of a row. */
  width: number;
  epsilon: number;
  /** Of a layer norm: whether it has a bias. */
  bias: boolean;
  /** Whether what is stored is the weight less 1, as Gemma's are. */
  isWeightLessOne: boolean;
}

export interface NormParts {
  graph: OnnxGraph;
  weights: GraphWeights;
  operators: 'fused' | 'plain';
}

/** A sum of rows and its norm, both [N, width]. */
export interface SumAndNorm {
  sum: string;
  normed: string;
}

const OPERATOR = { layer: 'LayerNormalization', rms: 'SimplifiedLayerNormalization' };
/** Adds the norm of x to the graph. */
export function normalize(x: string, norm: Norm, parts: NormParts): string {
  return parts.graph.node(OPERATOR[norm.kind], [x, ...tensorsOf(norm, parts)], {
    attributes: { epsilon: { float: norm.epsilon } },
  });
}

/**
 * Adds x + residual and its norm to the graph. On the CPU the sum is ONNX's `Sum`: an `Add` before a norm would become ONNX
 * Runtime's SkipLayerNormalization, which takes six times as long as the two.
 */
export function addAndNormalize(x: string, residual: string, norm: Norm, parts: NormParts): SumAndNorm {
  const sum = parts.graph.node(parts.operators === 'fused' ? 'Sum' : 'Add', [x, residual]);
  return { sum, normed: normalize(sum, norm, parts) };
}

function tensorsOf({ name, width, bias, isWeightLessOne }: Norm, { graph, weights }: NormParts): string[] {
  const stored = weights.constant(`${name}.weight`, [width]);
  const weight = isWeightLessOne ? graph.node('Add', [stored, graph.number(1)]) : stored;
  return bias ? [weight, weights.constant(`${name}.bias`, [width])] : [weight];
}
