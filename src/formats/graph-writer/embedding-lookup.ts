import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import { STORED_TYPE } from './graph-weights.ts';
import { ElementType, OnnxGraph } from './onnx-graph.ts';

/**
 * Writes the graph of the embedding lookup alone, for devices that have no bfloat16, or no buffer for a large table: there it
 * is done on the CPU. Input: token_ids [N] int32. Output: embeddings [N, width] float32. The table stays where it is, in its
 * own precision.
 * @param table [vocabulary, width]
 */
export function writeEmbeddingLookup(
  table: TensorLocation,
  fileName: (location: { file: string }) => string,
): Uint8Array {
  const { dtype, shape, offset, byteLength } = table;
  const graph = new OnnxGraph('embedding-lookup');
  const type = STORED_TYPE[dtype];
  const stored = graph.externalConstant('table', type, shape, { file: fileName(table), offset, byteLength });
  const tokenIds = graph.input('token_ids', ElementType.int32, ['N']);
  const outputs = [graph.output('embeddings', ElementType.float32, ['N', shape[1] as number])];
  const isFloat32 = type === ElementType.float32;
  const rows = graph.node('Gather', [stored, tokenIds], isFloat32 ? { outputs } : {});
  if (!isFloat32) graph.node('Cast', [rows], { attributes: { to: { int: ElementType.float32 } }, outputs });
  return graph.serialize({ '': 21 });
}
