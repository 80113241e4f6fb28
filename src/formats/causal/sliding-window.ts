import type { ConfigReader } from '../../model-files/folder/config-reader.ts';
import type { LayerTraits } from './architecture.ts';

const FULL = 'full_attention';
const SLIDING = 'sliding_attention';

/**
 * The layers with a sliding window of a Qwen config: those that `layer_types` says, else from `max_window_layers` on.
 * @throws {StartError} naming the field.
 */
export function readWindowLayers(config: ConfigReader): LayerTraits['slidingWindow'] {
  const layerCount = config.count('num_hidden_layers');
  const types = config.raw('layer_types') ?? null;
  const hasWindow = config.flag('use_sliding_window', false) && config.raw('sliding_window') !== null;
  const indexes = Array.from({ length: layerCount }, (_, layer) => layer);
  if (types === null) {
    if (!hasWindow) return null;
    const first = (config.raw('max_window_layers') ?? 28) === 0 ? 0 : config.count('max_window_layers', 28);
    return window(
      config,
      indexes.filter((layer) => layer >= first),
    );
  }
  const known = hasWindow ? [FULL, SLIDING] : [FULL];
  if (!Array.isArray(types) || types.length !== layerCount || types.some((type) => !known.includes(type))) {
    throw config.refuse('layer_types', `${known.join(' or ')} for each of ${layerCount} layers`);
  }
  return window(
    config,
    indexes.filter((layer) => types[layer] === SLIDING),
  );
}

/**
 * A window of the config's `sliding_window`, by default of 4096 tokens, as transformers has it.
 * @returns null where no text is longer.
 */
export function window(config: ConfigReader, layers: readonly number[]): LayerTraits['slidingWindow'] {
  const tokens = config.count('sliding_window', 4096);
  const isNone = layers.length === 0 || tokens >= config.count('max_position_embeddings');
  return isNone ? null : { tokens, layers };
}
