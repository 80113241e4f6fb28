import type { EngineSettings } from '../../engine/protocol.ts';
import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import { GraphWeights } from '../graph-writer/graph-weights.ts';
import { ElementType, OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { weightsFolderOf } from '../graph-writer/weights-folder.ts';
import { loadRowGraph, RESULT, ROWS, type RowGraph } from './row-graph.ts';
import type { DenseStage, Stage } from './stages.ts';

const MICROSOFT = 'com.microsoft';
/** torch.nn.LayerNorm's own. */
const LAYER_NORM_EPSILON = 1e-5;

/** Loads what comes between pooling and normalizing: [rows, width] → [rows, width of the last stage]. */
export async function loadStages(stages: readonly Stage[], settings: EngineSettings): Promise<RowGraph> {
  const [first] = stages;
  if (first === undefined) return async (rows) => rows;
  const { weightsFolder, fileName } = weightsFolderOf(stages.map(({ weight }) => weight));
  const graph = writeGraph(stages, fileName);
  return loadRowGraph(graph, { width: inputSizeOf(first), weightsFolder, settings });
}

const inputSizeOf = ({ weight }: Stage): number => weight.shape.at(-1) as number;

/** Writes the graph of the stages. */
function writeGraph(stages: readonly Stage[], fileName: (location: { file: string }) => string): Uint8Array {
  const graph = new OnnxGraph('stages');
  const tensors: Record<string, TensorLocation> = {};
  for (const [i, { weight, bias }] of stages.entries()) {
    tensors[`${i}.weight`] = weight;
    if (bias !== null) tensors[`${i}.bias`] = bias;
  }
  const weights = new GraphWeights(graph, { tensors, fileName, ignored: /^$/ });
  let rows = graph.input(ROWS, ElementType.float32, ['R', inputSizeOf(stages[0] as Stage)]);
  for (const [i, stage] of stages.entries()) {
    const parts = [weights.constant(`${i}.weight`, stage.weight.shape)];
    if (stage.bias !== null) parts.push(weights.constant(`${i}.bias`, stage.bias.shape));
    if (stage.kind === 'dense') {
      const product = graph.node('Gemm', [rows, ...parts], { attributes: { transB: { int: 1 } } });
      rows = ACTIVATIONS[stage.activation](graph, product);
    } else {
      const attributes = { epsilon: { float: LAYER_NORM_EPSILON } };
      rows = graph.node('LayerNormalization', [rows, ...parts], { attributes });
    }
  }
  const width = stages.at(-1)?.weight.shape[0] as number;
  graph.node('Identity', [rows], { outputs: [graph.output(RESULT, ElementType.float32, ['R', width])] });
  return graph.serialize({ '': 21, [MICROSOFT]: 1 });
}

const ACTIVATIONS: Record<DenseStage['activation'], (graph: OnnxGraph, x: string) => string> = {
  identity: (_, x) => x,
  tanh: (graph, x) => graph.node('Tanh', [x]),
  relu: (graph, x) => graph.node('Relu', [x]),
  sigmoid: (graph, x) => graph.node('Sigmoid', [x]),
  // The exact one, by the error function.
  gelu: (graph, x) => graph.node('Gelu', [x], { domain: MICROSOFT }),
};
