import { StartError } from '../errors.ts';
import type { Dtype, PackedWeights, PaddedWeights } from '../model-files/manifest.ts';
import { chooseExportDtype } from './onnx/choose-export-dtype.ts';

type Device = 'cpu' | 'cuda' | 'webgpu';

/**
 * Precisions of the packed path by device, the default first. Not in the list: bf16 on the CPU and WebGPU, and fp32 on
 * CUDA, where ONNX Runtime has no kernel for a part of the graph (docs/decisions/0024), and int8 but on the CPU, for which it
 * is made (docs/decisions/0031).
 */
const PACKED: Record<Device, readonly Dtype[]> = {
  cpu: ['fp32', 'int8'],
  webgpu: ['fp32', 'fp16'],
  cuda: ['bf16', 'fp16'],
};

/**
 * The precision that `device` computes `weights` in.
 * @throws {StartError} for one that is not implemented or not there, naming those that are.
 */
export function chooseDtype(weights: PackedWeights | PaddedWeights, device: Device, requested: Dtype | 'auto'): Dtype {
  if (weights.kind === 'padded') return chooseExportDtype(weights, requested);
  const offered = PACKED[device];
  const chosen = requested === 'auto' ? offered[0] : offered.find((dtype) => dtype === requested);
  if (chosen !== undefined) return chosen;
  throw new StartError(
    `DTYPE=${requested} is not implemented for these weights on ${device}; there it is ${offered.join(' or ')}. Set DTYPE=auto, or another DEVICE.`,
  );
}
