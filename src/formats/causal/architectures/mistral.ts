import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { CausalArchitecture, LayerTraits } from '../architecture.ts';
import { DECODER_FIELDS, readDecoderConfig } from '../decoder-config.ts';
import { window } from '../sliding-window.ts';

/** No bias anywhere; its own window is read below. */
const traits: LayerTraits = {
  headNorms: false,
  biases: { queryKeyValue: false, output: false, feedForward: false },
  ropeScaling: null,
  slidingWindow: null,
};

/**
 * Mistral, as `MistralModel` has it (modeling_mistral.py): Llama without biases, and with a sliding window in every layer.
 * E5-Mistral and its descendants have one of 4096 tokens.
 */
export const mistral: CausalArchitecture = {
  modelType: 'mistral',
  traits,
  readConfig(json) {
    const config = new ConfigReader(json, {
      ...DECODER_FIELDS,
      sliding_window: 'applied',
    });
    const layers = Array.from({ length: config.count('num_hidden_layers') }, (_, layer) => layer);
    const slidingWindow = config.raw('sliding_window') === null ? null : window(config, layers);
    return readDecoderConfig(config, 'mistral', { ...traits, slidingWindow });
  },
};
