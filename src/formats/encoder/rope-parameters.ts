import type { ConfigReader } from '../../model-files/folder/config-reader.ts';
import type { Json } from '../../model-files/folder/read-json.ts';

/** What a layer's tokens see: all of their sequence, or a window around each. */
export type LayerType = 'full_attention' | 'sliding_attention';

export interface ThetaField {
  /** Where transformers 4 wrote it, at the top. */
  field: string;
  /** Its default in transformers. */
  otherwise: number;
}

/** What is computed, for messages. */
const DEFAULT_ROTATION = '{"rope_type": "default", "rope_theta": a positive number}';

/**
 * The base of the frequencies of a rotary position embedding: transformers 5 writes `rope_parameters: {rope_type,
 * rope_theta}`, 4 wrote it at the top.
 * @throws {StartError} for another kind of `rope_parameters`, and where the two places differ.
 */
export function readTheta(config: ConfigReader, place: ThetaField): number {
  return thetaOf(config, parametersOf(config), place);
}

/**
 * As `readTheta`, where full and sliding attention have frequencies of their own: transformers 5 writes
 * `rope_parameters: {full_attention: {…}, sliding_attention: {…}}`.
 * @throws {StartError} as `readTheta`.
 */
export function readThetas(config: ConfigReader, places: Record<LayerType, ThetaField>): Record<LayerType, number> {
  const { full_attention: full = null, sliding_attention: sliding = null, ...others } = parametersOf(config);
  if (Object.keys(others).length > 0) {
    throw config.refuse('rope_parameters', `{"full_attention": ${DEFAULT_ROTATION}, "sliding_attention": the same}`);
  }
  return {
    full_attention: thetaOf(config, full, places.full_attention),
    sliding_attention: thetaOf(config, sliding, places.sliding_attention),
  };
}

/**
 * What kind of attention each layer has.
 * @param isFull tells it where the file does not list them.
 * @throws {StartError} for a list of another length, or with another kind in it.
 */
export function readLayerTypes(
  config: ConfigReader,
  layerCount: number,
  isFull: (layer: number) => boolean,
): LayerType[] {
  const types =
    config.raw('layer_types') ??
    Array.from({ length: layerCount }, (_, layer) => (isFull(layer) ? 'full_attention' : 'sliding_attention'));
  const isKnown = (type: unknown) => type === 'full_attention' || type === 'sliding_attention';
  if (Array.isArray(types) && types.length === layerCount && types.every(isKnown)) return types;
  throw config.refuse('layer_types', `full_attention or sliding_attention for each of ${layerCount} layers`);
}

function parametersOf(config: ConfigReader): Json {
  const parameters = config.raw('rope_parameters') ?? {};
  if (typeof parameters === 'object' && !Array.isArray(parameters)) return parameters as Json;
  throw refuse(config);
}

function thetaOf(config: ConfigReader, parameters: unknown, { field, otherwise }: ThetaField): number {
  const { rope_type: type = 'default', rope_theta: theta, ...others } = (parameters ?? {}) as Json;
  const isPositive = theta === undefined || (typeof theta === 'number' && theta > 0);
  if (type !== 'default' || !isPositive || Object.keys(others).length > 0) throw refuse(config);
  const top = config.raw(field);
  if (theta === undefined) return top === null ? config.positive(field) : config.positive(field, otherwise);
  // transformers 4 reads the one, 5 the other.
  if ((top ?? theta) !== theta) throw config.refuse(field, `the one of rope_parameters (${theta}) in both places`);
  return theta as number;
}

function refuse(config: ConfigReader) {
  return config.refuse('rope_parameters', DEFAULT_ROTATION);
}
