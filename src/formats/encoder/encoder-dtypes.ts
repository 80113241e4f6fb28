import type { Device } from '../../engine/protocol.ts';
import type { Dtype } from '../../model-files/manifest.ts';

/** Precisions by device, the default first. */
export const ENCODER_DTYPES: Readonly<Record<Device, readonly Dtype[]>> = {
  cpu: ['fp32', 'int8'],
  webgpu: ['fp32'],
  cuda: ['fp32'],
};
