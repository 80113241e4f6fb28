import { StartError } from '../../errors.ts';
import type { ModelManifest } from '../manifest.ts';
import { refuseField } from './check-fields.ts';
import type { Json } from './read-json.ts';

type Matryoshka = Pick<ModelManifest, 'matryoshkaMinimum' | 'matryoshkaDimensions'>;

const NONE: Matryoshka = { matryoshkaMinimum: null, matryoshkaDimensions: [] };
const SIZES_FIELDS = ['matryoshka_dimensions', 'matryoshka_dims'];

/**
 * Which sizes the vectors of a model may be cut to: what the operator says, else what config.json says in the fields that
 * vLLM reads too, `matryoshka_dimensions` and `is_matryoshka`, else what is known of its family.
 *
 * @param hiddenSize components of a whole vector.
 * @param setting `MATRYOSHKA_DIMENSIONS`; empty: the operator does not say.
 * @param trainedMinimum the smallest size that models of its kind were trained for; null: none is known.
 * @throws {StartError} for values that are none, naming the field or the setting.
 */
export function readMatryoshka(
  config: Json,
  hiddenSize: number,
  { setting, trainedMinimum }: { setting: readonly number[]; trainedMinimum: number | null },
): Matryoshka {
  if (setting.length > 0) {
    const tooLarge = setting.find((size) => size > hiddenSize);
    if (tooLarge === undefined) return ofSizes(setting);
    throw new StartError(
      `MATRYOSHKA_DIMENSIONS includes ${tooLarge}, but this model's vectors have only ${hiddenSize} components.`,
    );
  }
  const { is_matryoshka: isMatryoshka = null } = config;
  if (isMatryoshka !== null && typeof isMatryoshka !== 'boolean') {
    throw refuseField('config.json', 'is_matryoshka', isMatryoshka, 'only true, false or null');
  }
  const field = SIZES_FIELDS.find((one) => (config[one] ?? null) !== null);
  if (field !== undefined) return ofSizes(sizesIn(field, config[field]));
  if (isMatryoshka === false) return NONE;
  if (trainedMinimum !== null) return { ...NONE, matryoshkaMinimum: Math.min(trainedMinimum, hiddenSize) };
  return isMatryoshka ? { ...NONE, matryoshkaMinimum: 1 } : NONE;
}

function ofSizes(sizes: readonly number[]): Matryoshka {
  if (sizes.length === 0) return NONE;
  const sorted = [...new Set(sizes)].sort((a, b) => a - b);
  return { matryoshkaMinimum: sorted[0] as number, matryoshkaDimensions: sorted };
}

function sizesIn(field: string, value: unknown): number[] {
  const isSize = (size: unknown) => typeof size === 'number' && Number.isSafeInteger(size) && size > 0;
  if (Array.isArray(value) && value.every(isSize)) return value as number[];
  throw refuseField('config.json', field, value, 'only an array of positive integers, or null');
}
