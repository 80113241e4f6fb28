import { StartError } from '../../errors.ts';
import { GraphWeights } from '../graph-writer/graph-weights.ts';
import { ElementType, OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { architectureOf } from './architectures.ts';
import { EncoderGraph, type EncoderGraphOptions } from './encoder-graph.ts';
import type { EncoderWeights } from './encoder-weights.ts';

/**
 * Writes the graph of an encoder: the inputs of {@link EncoderGraph}, and as its output `states`, the last hidden states
 * that are asked for, [R, hiddenSize] float32; of a reranker what its head makes of them, [R, 1]. Weights stay where they
 * are in the safetensors.
 *
 * @throws {StartError} for a tensor that is missing, of another shape than config.json says, or left over.
 */
export function writeEncoderGraph(
  { architecture: config, tensors, hasHead, int8 = {} }: EncoderWeights,
  options: Omit<EncoderGraphOptions, 'int8'>,
): Uint8Array {
  const architecture = architectureOf(config.modelType);
  if (architecture === undefined) throw new StartError(`hotvec has no graph for ${config.modelType}.`);
  const graph = new OnnxGraph(`${config.modelType}-packed`);
  const weights = new GraphWeights(graph, { tensors, fileName: options.fileName, ignored: architecture.ignored });
  const encoder = new EncoderGraph(graph, weights, { ...options, int8 });
  const hidden = architecture.write(encoder, config);
  const { writeHead } = architecture;
  if (hasHead && writeHead === undefined) {
    throw new StartError(`hotvec has no graph for a classifier's head of ${config.modelType}.`);
  }
  const states = hasHead && writeHead !== undefined ? writeHead(encoder, hidden, config) : hidden;
  weights.assertAllUsed();
  const width = hasHead ? 1 : config.hiddenSize;
  graph.node('Identity', [states], { outputs: [graph.output('states', ElementType.float32, ['R', width])] });
  return graph.serialize({ '': 21, 'com.microsoft': 1 });
}
