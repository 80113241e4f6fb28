import { StartError } from '../../errors.ts';
import { GraphWeights } from '../graph-writer/graph-weights.ts';
import { ElementType, OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { RESULT, ROWS } from '../pooling/row-graph.ts';
import { architectureOf } from './architectures.ts';
import { EncoderGraph, type EncoderGraphOptions } from './encoder-graph.ts';
import type { EncoderWeights } from './encoder-weights.ts';

/** Of ONNX's own operators: Attention knows the lengths of sequences since 24, which not every device has all of. */
const OPSETS = { fused: 24, plain: 21 } as const;

export interface WrittenGraph {
  graph: Uint8Array;
  /** The table of embeddings whose rows are fed; undefined: the graph looks them up. */
  fedTable: string | undefined;
}

/**
 * Writes the graph of an encoder: the inputs of {@link EncoderGraph}, and as its output `states`, the last hidden states
 * that are asked for, [R, hiddenSize] float32. Weights stay where they are in the safetensors.
 *
 * @throws {StartError} for a tensor that is missing, of another shape than config.json says, or left over.
 */
export function writeEncoderGraph(
  { architecture: config, tensors, int8 = {} }: EncoderWeights,
  options: Omit<EncoderGraphOptions, 'int8'>,
): WrittenGraph {
  const architecture = architectureOf(config.modelType);
  if (architecture === undefined) throw new StartError(`hotvec has no graph for ${config.modelType}.`);
  const graph = new OnnxGraph(`${config.modelType}-packed`);
  const weights = new GraphWeights(graph, { tensors, fileName: options.fileName, ignored: architecture.ignored });
  const encoder = new EncoderGraph(graph, weights, { ...options, int8 });
  const states = architecture.write(encoder, config);
  weights.assertAllUsed();
  graph.node('Identity', [states], {
    outputs: [graph.output('states', ElementType.float32, ['R', config.hiddenSize])],
  });
  const bytes = graph.serialize({ '': OPSETS[options.operators], 'com.microsoft': 1 });
  return { graph: bytes, fedTable: encoder.fedTable };
}

/**
 * Writes the graph of the head of a classifier with one label: pooled rows, [R, hiddenSize], to scores, [R, 1].
 * @throws {StartError} as {@link writeEncoderGraph}, but for tensors left over.
 */
export function writeHeadGraph(
  { architecture: config, tensors }: EncoderWeights,
  fileName: (location: { file: string }) => string,
): Uint8Array {
  const architecture = architectureOf(config.modelType);
  if (architecture?.writeHead === undefined) {
    throw new StartError(`hotvec has no graph for a classifier's head of ${config.modelType}.`);
  }
  const graph = new OnnxGraph(`${config.modelType}-head`);
  const weights = new GraphWeights(graph, { tensors, fileName, ignored: architecture.ignored });
  const options = { int8: {}, fileName, operators: 'fused', longest: 1, everyRow: true } as const;
  const pooled = graph.input(ROWS, ElementType.float32, ['R', config.hiddenSize]);
  const scores = architecture.writeHead(new EncoderGraph(graph, weights, options), pooled, config);
  graph.node('Identity', [scores], { outputs: [graph.output(RESULT, ElementType.float32, ['R', 1])] });
  return graph.serialize({ '': 21, 'com.microsoft': 1 });
}
