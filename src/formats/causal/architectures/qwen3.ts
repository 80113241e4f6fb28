import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { CausalArchitecture, LayerTraits } from '../architecture.ts';
import { DECODER_FIELDS, readDecoderConfig } from '../decoder-config.ts';
import { readWindowLayers } from '../sliding-window.ts';

const traits: LayerTraits = {
  headNorms: true,
  biases: { queryKeyValue: false, output: false, feedForward: false },
  ropeScaling: null,
  slidingWindow: null,
};

/** Qwen3, as `Qwen3Model` has it (modeling_qwen3.py). */
export const qwen3: CausalArchitecture = {
  modelType: 'qwen3',
  traits,
  readConfig(json) {
    const config = new ConfigReader(json, {
      ...DECODER_FIELDS,
      attention_bias: 'applied',
      use_sliding_window: 'applied',
      sliding_window: 'applied',
      max_window_layers: 'applied',
      layer_types: 'applied',
    });
    // transformers has a default of its own here, which no model has: not what hidden_size and heads would give.
    config.count('head_dim');
    const hasBias = config.flag('attention_bias', false);
    return readDecoderConfig(config, 'qwen3', {
      ...traits,
      biases: { queryKeyValue: hasBias, output: hasBias, feedForward: false },
      slidingWindow: readWindowLayers(config),
    });
  },
};
