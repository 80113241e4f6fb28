import type { ModelManifest } from '../model-files/manifest.ts';
import type { ModelFormat } from './model-format.ts';
import { onnxFormat } from './onnx/onnx-format.ts';
import { qwen3Format } from './qwen3/qwen3-format.ts';

/** Every format, by its name. Of several that recognize a folder the first serves it. */
export const FORMATS = { qwen3: qwen3Format, onnx: onnxFormat } satisfies Record<string, ModelFormat>;
export type FormatName = keyof typeof FORMATS;

/** The format that described a model. */
export function formatOf({ format }: Pick<ModelManifest, 'format'>): ModelFormat {
  return FORMATS[format as FormatName];
}
