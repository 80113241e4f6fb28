import path from 'node:path';
import type { EngineSettings } from '../../engine/protocol.ts';
import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import { GraphWeights } from '../graph-writer/graph-weights.ts';
import { ElementType, folderOfAll, OnnxGraph } from '../graph-writer/onnx-graph.ts';
import type { DenseLayer } from './dense-layers.ts';
import { loadRowGraph, RESULT, ROWS, type RowGraph } from './row-graph.ts';

const MICROSOFT = 'com.microsoft';

/**
 * Loads sentence_transformers.models.Dense, one after the other: row ← activation(row · weightᵀ + bias), [rows, inFeatures] →
 * [rows, outFeatures].
 */
export async function loadDense(layers: readonly DenseLayer[], settings: EngineSettings): Promise<RowGraph> {
  const [first] = layers;
  if (first === undefined) return async (rows) => rows;
  const width = first.weight.shape[1] as number;
  const weightsFolder = folderOfAll(layers.map(({ weight }) => weight.file));
  const graph = writeDenseGraph(layers, ({ file }) => path.relative(weightsFolder, file).replaceAll(path.sep, '/'));
  return loadRowGraph(graph, { width, weightsFolder, settings });
}

/** Writes the graph of the modules. */
function writeDenseGraph(layers: readonly DenseLayer[], fileName: (location: { file: string }) => string): Uint8Array {
  const graph = new OnnxGraph('dense');
  const tensors: Record<string, TensorLocation> = {};
  for (const [i, { weight, bias }] of layers.entries()) {
    tensors[`${i}.weight`] = weight;
    if (bias !== null) tensors[`${i}.bias`] = bias;
  }
  const weights = new GraphWeights(graph, { tensors, fileName, ignored: /^$/ });
  let rows = graph.input(ROWS, ElementType.float32, ['R', layers[0]?.weight.shape[1] as number]);
  for (const [i, { weight, bias, activation }] of layers.entries()) {
    const parts = [weights.constant(`${i}.weight`, weight.shape)];
    if (bias !== null) parts.push(weights.constant(`${i}.bias`, bias.shape));
    const product = graph.node('Gemm', [rows, ...parts], { attributes: { transB: { int: 1 } } });
    rows = ACTIVATIONS[activation](graph, product);
  }
  const outFeatures = layers.at(-1)?.weight.shape[0] as number;
  graph.node('Identity', [rows], { outputs: [graph.output(RESULT, ElementType.float32, ['R', outFeatures])] });
  return graph.serialize({ '': 21, [MICROSOFT]: 1 });
}

const ACTIVATIONS: Record<DenseLayer['activation'], (graph: OnnxGraph, x: string) => string> = {
  identity: (_, x) => x,
  tanh: (graph, x) => graph.node('Tanh', [x]),
  relu: (graph, x) => graph.node('Relu', [x]),
  sigmoid: (graph, x) => graph.node('Sigmoid', [x]),
  // The exact one, by the error function.
  gelu: (graph, x) => graph.node('Gelu', [x], { domain: MICROSOFT }),
};
