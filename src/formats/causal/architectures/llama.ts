import { ConfigReader } from '../../../model-files/folder/config-reader.ts';
import type { CausalArchitecture, LayerTraits } from '../architecture.ts';
import { DECODER_FIELDS, readDecoderConfig } from '../decoder-config.ts';

const traits: LayerTraits = {
  headNorms: false,
  biases: { queryKeyValue: false, output: false, feedForward: false },
  ropeScaling: null,
  slidingWindow: null,
};

/** Llama, as `LlamaModel` has it (modeling_llama.py). */
export const llama: CausalArchitecture = {
  modelType: 'llama',
  traits,
  readConfig(json) {
    const config = new ConfigReader(json, {
      ...DECODER_FIELDS,
      attention_bias: 'applied',
      mlp_bias: 'applied',
      // Above 1, transformers 4 adds up parts of each product, with other roundings.
      pretraining_tp: { only: [1, null] },
    });
    const hasBias = config.flag('attention_bias', false);
    const feedForward = config.flag('mlp_bias', false);
    return readDecoderConfig(config, 'llama', {
      ...traits,
      biases: { queryKeyValue: hasBias, output: hasBias, feedForward },
    });
  },
};
