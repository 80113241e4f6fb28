import type { Dtype } from './manifest.ts';

/** What transformers.js puts between a graph's name and `.onnx`, by precision: `onnx/model_q4f16.onnx`. */
export const ONNX_SUFFIX: Partial<Record<Dtype, string>> = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
};

/** Where the graph of a precision may lie in a model folder, the usual place first. */
export function onnxFileNames(dtype: Dtype): string[] {
  const suffix = ONNX_SUFFIX[dtype];
  return suffix === undefined ? [] : [`onnx/model${suffix}.onnx`, `model${suffix}.onnx`];
}
