import type { Dtype } from './manifest.ts';

/** What transformers.js puts behind `model` for each precision; a test compares the table with the package's own. */
const SUFFIXES: Partial<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
};

/** Precisions of ONNX exports, most precise first: the order in which `auto` looks for one. */
export const ONNX_DTYPES = Object.keys(SUFFIXES) as Dtype[];

/** Where a repository keeps the graph of a precision, most usual place first; empty for `bf16`, which no export has. */
export function onnxFileNames(dtype: Dtype): string[] {
  const suffix = SUFFIXES[dtype];
  return suffix === undefined ? [] : [`onnx/model${suffix}.onnx`, `model${suffix}.onnx`];
}
