import type { Dtype } from '../../model-files/manifest.ts';

/** What transformers.js puts behind `model` for each precision; a test compares the table with the package's own. */
const OF_TRANSFORMERS_JS = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const satisfies Partial<Record<Dtype, string>>;

/**
 * What export_optimized_onnx_model and export_dynamic_quantized_onnx_model of sentence-transformers put there; `optimized`
 * and the two `…_quantized` for a configuration of one's own. In the package: backend/optimize.py, backend/quantize.py.
 */
const OF_SENTENCE_TRANSFORMERS = [
  ...(['O1', 'O2', 'O3', 'optimized', 'O4'] as const),
  ...(['qint8_avx512_vnni', 'qint8_avx512', 'quint8_avx2', 'qint8_arm64'] as const),
  ...(['qint8_quantized', 'quint8_quantized'] as const),
] satisfies Dtype[];

const SUFFIXES: Partial<Record<Dtype, string>> = {
  ...OF_TRANSFORMERS_JS,
  ...Object.fromEntries(OF_SENTENCE_TRANSFORMERS.map((dtype) => [dtype, `_${dtype}`])),
};

/** Precisions that transformers.js knows the files of. */
export const TRANSFORMERS_JS_DTYPES = Object.keys(OF_TRANSFORMERS_JS) as Dtype[];

/** Precisions of ONNX exports, most precise first: the order in which `auto` looks for one. */
export const ONNX_DTYPES: readonly Dtype[] = [
  ...(['fp32', 'O1', 'O2', 'O3', 'optimized', 'fp16', 'O4'] as const),
  ...(['q8', 'int8', 'uint8', 'qint8_avx512_vnni', 'qint8_avx512', 'quint8_avx2', 'qint8_arm64'] as const),
  ...(['qint8_quantized', 'quint8_quantized', 'q4', 'q4f16', 'bnb4'] as const),
];

/** Where a repository keeps the graph of a precision, most usual place first; empty for `bf16`, which no export has. */
export function onnxFileNames(dtype: Dtype): string[] {
  const suffix = SUFFIXES[dtype];
  return suffix === undefined ? [] : [`onnx/model${suffix}.onnx`, `model${suffix}.onnx`];
}
