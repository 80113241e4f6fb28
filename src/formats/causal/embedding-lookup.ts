import { StartError } from '../../errors.ts';
import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import { STORED_TYPE } from '../graph-writer/graph-weights.ts';
import { ElementType, OnnxGraph } from '../graph-writer/onnx-graph.ts';
import { EMBEDDING_TABLE } from './causal-graph.ts';
import type { CausalWeights } from './causal-weights.ts';

/**
 * Writes the graph of the embedding lookup alone. Input: token_ids [N] int32. Output: embeddings [N, hiddenSize]
 * float32, as `writeCausalGraph` takes them with `feedEmbeddings`. The table stays where it is, in its own precision.
 */
export function writeEmbeddingLookup(
  { architecture, tensors }: CausalWeights,
  fileName: (location: TensorLocation) => string,
): Uint8Array {
  const { vocabularySize, hiddenSize } = architecture;
  const location = tensors[EMBEDDING_TABLE];
  if (location === undefined) throw new StartError(`The weights have no tensor ${EMBEDDING_TABLE}.`);
  const graph = new OnnxGraph('embedding-lookup');
  const type = STORED_TYPE[location.dtype];
  const table = graph.externalConstant(EMBEDDING_TABLE, type, [vocabularySize, hiddenSize], {
    file: fileName(location),
    offset: location.offset,
    byteLength: location.byteLength,
  });
  const tokenIds = graph.input('token_ids', ElementType.int32, ['N']);
  const outputs = [graph.output('embeddings', ElementType.float32, ['N', hiddenSize])];
  const isFloat32 = type === ElementType.float32;
  const rows = graph.node('Gather', [table, tokenIds], isFloat32 ? { outputs } : {});
  if (!isFloat32) graph.node('Cast', [rows], { attributes: { to: { int: ElementType.float32 } }, outputs });
  return graph.serialize({ '': 21 });
}
