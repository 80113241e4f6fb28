import { isDeepStrictEqual } from 'node:util';
import type { ConfigReader } from '../../model-files/folder/config-reader.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import type { RopeScaling } from './architecture.ts';

const { fround } = Math;

/** What transformers takes where no config says it, in all of its versions. */
const DEFAULT_THETA = 10_000;

interface Rope {
  ropeTheta: number;
  ropeScaling: RopeScaling | null;
}

/** Numbers of a way to scale, by their names in JSON. */
const SCALINGS: Readonly<Record<string, readonly string[]>> = {
  default: [],
  linear: ['factor'],
  llama3: ['factor', 'low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings'],
};
const WANTED = `null, or an object whose rope_type is ${Object.keys(SCALINGS).join(', ')}, with its numbers`;

/**
 * transformers 5 writes `rope_parameters: {rope_type, rope_theta, …}` where 4 wrote `rope_theta` at the top, with a
 * `rope_scaling` that names its type by either of two names.
 *
 * @throws {StartError} naming the field, for a scaling that is not implemented, or two that disagree.
 */
export function readRope(config: ConfigReader): Rope {
  const scaling = config.raw('rope_scaling') ?? null;
  const parameters = config.raw('rope_parameters') ?? null;
  const theta = config.positive('rope_theta', DEFAULT_THETA);
  const ofVersion4 = { ropeTheta: theta, ropeScaling: readScaling(config, 'rope_scaling', scaling) };
  if (parameters === null) return ofVersion4;
  const { rope_theta: inside, ...rest } = parameters as Json;
  if (typeof inside !== 'number' || !(inside > 0)) throw config.refuse('rope_parameters', 'a rope_theta above 0 in it');
  const ofVersion5 = { ropeTheta: inside, ropeScaling: readScaling(config, 'rope_parameters', rest) };
  // One version reads the one, and the next the other.
  if (config.raw('rope_theta') !== undefined && theta !== inside) {
    throw config.refuse('rope_theta', `the one of rope_parameters (${inside}) in both places`);
  }
  if (scaling !== null && !isDeepStrictEqual(ofVersion4.ropeScaling, ofVersion5.ropeScaling)) {
    throw config.refuse('rope_scaling', 'what rope_parameters says, in both places');
  }
  return ofVersion5;
}

function readScaling(config: ConfigReader, field: string, value: unknown): RopeScaling | null {
  if (value === null) return null;
  const { rope_type: newType, type: oldType, ...numbers } = value as Json;
  const type = newType ?? oldType;
  const names = typeof type === 'string' && Object.hasOwn(SCALINGS, type) ? SCALINGS[type] : undefined;
  const isWhole =
    names !== undefined &&
    (oldType ?? type) === type &&
    Object.keys(numbers).length === names.length &&
    names.every((name) => typeof numbers[name] === 'number' && numbers[name] > 0);
  if (!isWhole) throw config.refuse(field, WANTED);
  if (type === 'default') return null;
  const factor = numbers.factor as number;
  if (type === 'linear') return { type, factor };
  const lowFreqFactor = numbers.low_freq_factor as number;
  const highFreqFactor = numbers.high_freq_factor as number;
  if (!(highFreqFactor > lowFreqFactor)) throw config.refuse(field, 'a high_freq_factor above low_freq_factor');
  const originalMaxPositions = numbers.original_max_position_embeddings as number;
  return { type: 'llama3', factor, lowFreqFactor, highFreqFactor, originalMaxPositions };
}

/**
 * The inverse frequencies of a rotary embedding, scaled for longer texts in the float32 steps that transformers takes
 * (`ROPE_INIT_FUNCTIONS` of modeling_rope_utils.py). PyTorch divides a number by a tensor as the tensor's reciprocal times it.
 *
 * @param frequencies [headDim / 2]
 */
export function scaleFrequencies(frequencies: Float32Array, scaling: RopeScaling | null): Float32Array {
  if (scaling === null) return frequencies;
  const factor = fround(scaling.factor);
  if (scaling.type === 'linear') return frequencies.map((frequency) => frequency / factor);
  const { lowFreqFactor, highFreqFactor, originalMaxPositions } = scaling;
  const longest = fround(originalMaxPositions / lowFreqFactor);
  const shortest = fround(originalMaxPositions / highFreqFactor);
  const range = fround(highFreqFactor - lowFreqFactor);
  return frequencies.map((frequency) => {
    const wavelength = fround(fround(1 / frequency) * fround(2 * Math.PI));
    if (wavelength < shortest) return frequency;
    if (wavelength > longest) return frequency / factor;
    const turns = fround(fround(1 / wavelength) * originalMaxPositions);
    const smooth = fround(fround(turns - fround(lowFreqFactor)) / range);
    const scaled = fround(fround(fround(1 - smooth) * frequency) / factor);
    return scaled + fround(smooth * frequency);
  });
}
