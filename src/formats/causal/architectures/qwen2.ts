import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { CausalArchitecture, LayerTraits } from '../architecture.ts';
import { DECODER_FIELDS, readDecoderConfig } from '../decoder-config.ts';
import { readWindowLayers } from '../sliding-window.ts';

/** Biases where queries, keys and values are made, which no field of the config says, and nowhere else. */
const traits: LayerTraits = {
  headNorms: false,
  biases: { queryKeyValue: true, output: false, feedForward: false },
  ropeScaling: null,
  slidingWindow: null,
};

/**
 * Qwen2 and Qwen2.5, as `Qwen2Model` has them (modeling_qwen2.py). What gte-Qwen2 makes of it, with `is_causal` false, is an
 * encoder.
 */
export const qwen2: CausalArchitecture = {
  modelType: 'qwen2',
  isFor: ({ is_causal: isCausal }) => isCausal !== false,
  traits,
  readConfig(json) {
    const config = new ConfigReader(json, {
      ...DECODER_FIELDS,
      use_sliding_window: 'applied',
      sliding_window: 'applied',
      max_window_layers: 'applied',
      layer_types: 'applied',
      // Of Qwen2.5: positions in pictures, which its text models do not have.
      use_mrope: { only: [false, null] },
    });
    return readDecoderConfig(config, 'qwen2', { ...traits, slidingWindow: readWindowLayers(config) });
  },
};
