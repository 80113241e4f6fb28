import { existsSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../errors.ts';
import { DTYPES, type OnnxExport, type PaddedWeights } from './manifest.ts';
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

/**
 * Finds the ONNX graphs of a folder, by precision.
 * @throws {StartError} for a graph that is damaged or whose data file is missing, naming it.
 */
export function findOnnxExports(folder: string): PaddedWeights['exports'] {
  const exports: PaddedWeights['exports'] = {};
  for (const dtype of DTYPES) {
    const file = onnxFileNames(dtype).find((name) => existsSync(path.join(folder, name)));
    if (file !== undefined) exports[dtype] = describe(folder, file);
  }
  return exports;
}

function describe(folder: string, file: string): OnnxExport {
  const graphFile = path.join(folder, file);
  const { operators, dataLocations, outputs } = readOnnxFacts(graphFile);
  const dataFiles = [...dataLocations].sort().map((location) => {
    const dataFile = path.join(path.dirname(graphFile), location);
    if (existsSync(dataFile)) return dataFile;
    throw new StartError(
      `${file} keeps its weights in ${location}, which is missing. Download it too, or remove ${file}: ${folder}`,
    );
  });
  const pooled = outputs.get('sentence_embedding');
  return {
    graphFile,
    dataFiles,
    isBatchDependent: BATCH_DEPENDENT.some((operator) => operators.has(operator)),
    isPooled: pooled !== undefined,
    pooledSize: pooled?.at(-1) ?? null,
  };
}
