import type { OnnxGraph } from '../graph-writer/onnx-graph.ts';

const MICROSOFT = 'com.microsoft';

/**
 * Activations of feed-forward layers, by their names in transformers (activations.py). `gelu` is the exact one, by erf;
 * those with a tanh approximate it by the same formula.
 */
export const ACTIVATIONS = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
} as const;
export type Activation = (typeof ACTIVATIONS)[keyof typeof ACTIVATIONS];

/** Adds an activation of each number of x to the graph. */
export function activate(graph: OnnxGraph, x: string, activation: Activation): string {
  switch (activation) {
    case 'gelu':
      return graph.node('Gelu', [x], { domain: MICROSOFT });
    case 'gelu_tanh':
      return graph.node('Gelu', [x], { attributes: { approximate: { string: 'tanh' } } });
    case 'relu':
      return graph.node('Relu', [x]);
    case 'silu':
      return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
    case 'tanh':
      return graph.node('Tanh', [x]);
  }
}
