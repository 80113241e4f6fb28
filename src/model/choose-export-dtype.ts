import { StartError } from '../errors.ts';
import type { Dtype, PaddedWeights } from './manifest.ts';

/** Precisions of ONNX exports, from the most exact to the smallest. */
const BY_PRECISION: readonly Dtype[] = ['fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'];

/**
 * The precision of the ONNX export to serve: the one asked for; for `auto` the most exact one in the folder.
 * @throws {StartError} for one that the folder does not have, listing those it has.
 */
export function chooseExportDtype({ exports }: Pick<PaddedWeights, 'exports'>, requested: Dtype | 'auto'): Dtype {
  const offered = BY_PRECISION.filter((dtype) => exports[dtype] !== undefined);
  const chosen = requested === 'auto' ? offered[0] : offered.find((dtype) => dtype === requested);
  if (chosen !== undefined) return chosen;
  throw new StartError(
    `DTYPE=${requested}: the model folder has no ONNX export in it; it has ${offered.join(', ')}. Set DTYPE to one of them, or to auto.`,
  );
}
