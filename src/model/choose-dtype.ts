import { StartError } from '../errors.ts';
import { chooseExportDtype } from './choose-export-dtype.ts';
import type { Dtype, PackedWeights, PaddedWeights } from './manifest.ts';

/**
 * The precision that `weights` are computed in.
 * @throws {StartError} for one that is not implemented or not there, naming those that are.
 */
export function chooseDtype(weights: PackedWeights | PaddedWeights, requested: Dtype | 'auto'): Dtype {
  if (weights.kind === 'padded') return chooseExportDtype(weights, requested);
  if (requested === 'auto' || requested === 'fp32') return 'fp32';
  throw new StartError(`DTYPE=${requested} is not implemented for safetensors; there it is fp32. Set DTYPE=auto.`);
}
