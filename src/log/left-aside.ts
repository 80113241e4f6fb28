import type { Logger } from 'pino';
import type { LeftAside, WeightKind } from '../model-files/manifest.ts';

/** Which weights of a model are computed. */
export interface ComputedWeights {
  /** Its name. */
  model: string;
  weights: WeightKind;
  leftAside: LeftAside;
}

/** Tells the log which weights of a model with several are computed, and what to set for the others. */
export function logLeftAside(logger: Logger, { model, weights, leftAside }: ComputedWeights): void {
  const { kind, reason } = leftAside;
  const why = reason === null ? { toComputeThem: settingsFor(leftAside) } : { reason };
  logger.info({ model, weights, leftAside: kind, ...why }, 'the model has other weights, too, which are left aside');
}

/** What to set so that weights that were left aside are computed. */
export function settingsFor({ kind, dtypes }: LeftAside): string {
  return `WEIGHTS=${kind}, and DTYPE=auto or ${dtypes.length > 1 ? 'one of ' : ''}${dtypes.join(', ')}`;
}
