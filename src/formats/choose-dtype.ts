import type { Device } from '../engine/protocol.ts';
import { StartError } from '../errors.ts';
import type { Dtype, ModelManifest } from '../model-files/manifest.ts';
import { formatOf } from './formats.ts';

/**
 * The precision that `device` computes a model in.
 * @throws {StartError} for one that is not implemented or not there, naming those that are.
 */
export function chooseDtype(manifest: ModelManifest, device: Device, requested: Dtype | 'auto'): Dtype {
  const offered = formatOf(manifest).dtypes(manifest, device);
  const chosen = requested === 'auto' ? offered[0] : offered.find((dtype) => dtype === requested);
  if (chosen !== undefined) return chosen;
  throw new StartError(
    `DTYPE=${requested} is not available for this model on ${device}; available there: ${offered.join(', ')}. Set DTYPE to one of them or to auto, or choose another DEVICE.`,
  );
}
