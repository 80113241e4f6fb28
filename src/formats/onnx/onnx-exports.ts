import path from 'node:path';
import { StartError } from '../../errors.ts';
import { refuseLfsPointer } from '../../model-files/folder/lfs-pointer.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import type { Dtype } from '../../model-files/manifest.ts';
import { graphFiles } from './graph-files.ts';
import { type OnnxFacts, readOnnxFacts } from './onnx-facts.ts';
import type { OnnxWeights } from './onnx-weights.ts';

/**
 * Operators whose scale is taken from all values of a batch, so that a text's vector would depend on its neighbors
 * (docs/decisions/0021). The integer products appear where an exporter wrote the scale out by hand.
 */
const BATCH_DEPENDENT = [
  'DynamicQuantizeLinear',
  'DynamicQuantizeMatMul',
  'DynamicQuantizeLSTM',
  'MatMulInteger',
  'MatMulIntegerToFloat',
  'ConvInteger',
];

/** Operators of quantized weights. */
const EIGHT_BIT = [...BATCH_DEPENDENT, 'DequantizeLinear', 'QLinearMatMul', 'QGemm', 'QAttention'];
const FOUR_BIT = ['MatMulNBits', 'MatMulBnb4', 'GatherBlockQuantized'];

/** A graph file, with the files that it keeps its weights in: names relative to the model's folder, in order. */
export interface GraphFacts extends OnnxFacts {
  dataFiles: string[];
}

/**
 * What a graph says of itself. Its data files are those it names, whatever config.json announces or is next to it.
 * @throws {StartError} for a graph that is damaged or whose data file is missing, naming it.
 */
export async function readGraph(files: ModelFiles, graph: string): Promise<GraphFacts> {
  const facts = readOnnxFacts(await files.locate(graph));
  const dataFiles = [...facts.dataLocations].sort().map((file) => path.posix.join(path.posix.dirname(graph), file));
  const missing = dataFiles.find((file) => !files.has(file));
  if (missing === undefined) return { ...facts, dataFiles };
  throw new StartError(
    `${files.name}: ${graph} keeps its weights in ${missing}, which is missing. Download it too, remove ${graph}, or choose another DTYPE or revision.`,
  );
}

/**
 * Finds the ONNX graphs of a folder, by precision.
 * @throws {StartError} as {@link readGraph}.
 */
export async function findOnnxExports(files: ModelFiles): Promise<OnnxWeights['exports']> {
  const exports: OnnxWeights['exports'] = {};
  for (const [dtype, graph] of graphFiles(files)) {
    const { operators, inputs, outputs, ...facts } = await readGraph(files, graph);
    const dataFiles = await Promise.all(facts.dataFiles.map((file) => files.locate(file)));
    for (const file of dataFiles) refuseLfsPointer(path.dirname(file), path.basename(file));
    const pooled = outputs.get('sentence_embedding');
    // A name without a precision says fp32, and is not always true: what the graph computes counts.
    exports[dtype === 'fp32' ? quantizationOf(operators) : dtype] ??= {
      graphFile: await files.locate(graph),
      dataFiles,
      isBatchDependent: BATCH_DEPENDENT.some((operator) => operators.has(operator)),
      inputs: [...inputs],
      outputs: [...outputs],
      isPooled: pooled !== undefined,
      pooledSize: pooled?.at(-1) ?? null,
    };
  }
  return exports;
}

function quantizationOf(operators: ReadonlySet<string>): Dtype {
  if (EIGHT_BIT.some((operator) => operators.has(operator))) return 'q8';
  return FOUR_BIT.some((operator) => operators.has(operator)) ? 'q4' : 'fp32';
}
