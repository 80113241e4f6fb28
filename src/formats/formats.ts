import type { Device } from '../engine/protocol.ts';
import { StartError } from '../errors.ts';
import type { Dtype, ModelManifest } from '../model-files/manifest.ts';
import { causalFormat } from './causal/causal-format.ts';
import { encoderFormat } from './encoder/encoder-format.ts';
import type { ModelFormat } from './model-format.ts';
import { onnxFormat } from './onnx/onnx-format.ts';
import { staticFormat } from './static/static-format.ts';

/** Every format, by its name. Of several that recognize a folder the first serves it. */
export const FORMATS = {
  causal: causalFormat,
  encoder: encoderFormat,
  static: staticFormat,
  onnx: onnxFormat,
} satisfies Record<string, ModelFormat>;
export type FormatName = keyof typeof FORMATS;

const DEVICES: readonly Device[] = ['cpu', 'cuda', 'webgpu'];

/** The format that described a model. */
export function formatOf({ format }: Pick<ModelManifest, 'format'>): ModelFormat {
  return FORMATS[format as FormatName];
}

/**
 * The precision that `device` computes a model in.
 * @throws {StartError} for one that is not implemented or not there, naming those that are.
 */
export function chooseDtype(manifest: ModelManifest, device: Device, requested: Dtype | 'auto'): Dtype {
  const offered = formatOf(manifest).dtypes(manifest, device);
  const chosen = requested === 'auto' ? offered[0] : offered.find((dtype) => dtype === requested);
  if (chosen !== undefined) return chosen;
  if (offered.length === 0) {
    throw new StartError(`DEVICE=${device}: this model is computed on the CPU only. Set DEVICE=cpu or auto.`);
  }
  const { leftAside } = manifest;
  const others = leftAside?.dtypes.some((dtype) => dtype === requested) ? `, or set WEIGHTS=${leftAside.kind}` : '';
  const elsewhere = DEVICES.filter((one) =>
    formatOf(manifest)
      .dtypes(manifest, one)
      .includes(requested as Dtype),
  );
  const moved = elsewhere.length === 0 ? '' : `, or DEVICE to ${elsewhere.join(' or ')}`;
  throw new StartError(
    `DTYPE=${requested} is not available for this model on ${device}; available there: ${offered.join(', ')}. Set DTYPE to one of them or to auto${moved}${others}.`,
  );
}
