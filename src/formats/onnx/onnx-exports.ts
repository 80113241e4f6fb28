import { existsSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import { refuseLfsPointer } from '../../model-files/folder/lfs-pointer.ts';
import { DTYPES, type Dtype, type OnnxExport, type PaddedWeights } from '../../model-files/manifest.ts';
import { readOnnxFacts } from './onnx-facts.ts';
import { onnxFileNames } from './onnx-file-names.ts';

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

/**
 * Finds the ONNX graphs of a folder, by precision.
 * @throws {StartError} for a graph that is damaged or whose data file is missing, naming it.
 */
export function findOnnxExports(
  folder: string,
  has = (file: string) => existsSync(path.join(folder, file)),
): PaddedWeights['exports'] {
  const exports: PaddedWeights['exports'] = {};
  for (const dtype of DTYPES) {
    const file = onnxFileNames(dtype).find(has);
    if (file === undefined) continue;
    const { operators, ...found } = describe(folder, file);
    // A name without a precision says fp32, and is not always true: what the graph computes counts.
    const really = dtype === 'fp32' ? quantizationOf(operators) : dtype;
    exports[really] ??= found;
  }
  return exports;
}

function quantizationOf(operators: ReadonlySet<string>): Dtype {
  if (EIGHT_BIT.some((operator) => operators.has(operator))) return 'q8';
  return FOUR_BIT.some((operator) => operators.has(operator)) ? 'q4' : 'fp32';
}

function describe(folder: string, file: string): OnnxExport & { operators: Set<string> } {
  const graphFile = path.join(folder, file);
  const { operators, dataLocations, outputs } = readOnnxFacts(graphFile);
  const dataFiles = [...dataLocations].sort().map((location) => {
    const dataFile = path.join(path.dirname(graphFile), location);
    if (existsSync(dataFile)) {
      refuseLfsPointer(path.dirname(graphFile), location);
      return dataFile;
    }
    throw new StartError(
      `${file} keeps its weights in ${location}, which is missing. Download it too, or remove ${file}: ${folder}`,
    );
  });
  const pooled = outputs.get('sentence_embedding');
  return {
    operators,
    graphFile,
    dataFiles,
    isBatchDependent: BATCH_DEPENDENT.some((operator) => operators.has(operator)),
    isPooled: pooled !== undefined,
    pooledSize: pooled?.at(-1) ?? null,
  };
}
