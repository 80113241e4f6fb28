import { StartError } from '../errors.ts';
import type { Pooling } from './manifest.ts';

/** The POOLING setting: what to do where the folder does not say. */
export type PoolingSetting = 'auto' | Exclude<Pooling, 'in_graph'>;

/**
 * What the folder says, or the setting where it says nothing. Never a guess.
 * @throws {StartError} when both say something, and not the same, or neither does.
 */
export function choosePooling(declared: Pooling | null, setting: PoolingSetting, name: string): Pooling {
  if (declared === null) {
    if (setting !== 'auto') return setting;
    throw new StartError(
      `${name} has no modules.json, so its pooling is unknown, and hotvec does not guess. Add modules.json and 1_Pooling/config.json from the original repository, or set POOLING to what its model card says (last_token, cls, mean, max or mean_sqrt_len).`,
    );
  }
  if (setting === 'auto' || setting === declared) return declared;
  const source = declared === 'in_graph' ? 'the ONNX graph pools by itself' : `the model's own files say ${declared}`;
  throw new StartError(`POOLING=${setting}, but ${source}. Leave POOLING out.`);
}
