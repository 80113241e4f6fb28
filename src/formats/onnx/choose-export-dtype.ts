import { StartError } from '../../errors.ts';
import type { Dtype, PaddedWeights } from '../../model-files/manifest.ts';
import { ONNX_DTYPES } from './onnx-file-names.ts';

/**
 * The precision of the ONNX export to serve: the one asked for; for `auto` the most exact one in the folder.
 * @throws {StartError} for one that the folder does not have, listing those it has.
 */
export function chooseExportDtype({ exports }: Pick<PaddedWeights, 'exports'>, requested: Dtype | 'auto'): Dtype {
  const offered = ONNX_DTYPES.filter((dtype) => exports[dtype] !== undefined);
  const chosen = requested === 'auto' ? offered[0] : offered.find((dtype) => dtype === requested);
  if (chosen !== undefined) return chosen;
  throw new StartError(
    `DTYPE=${requested}: the model folder has no ONNX export in it; it has ${offered.join(', ')}. Set DTYPE to one of them, or to auto.`,
  );
}
