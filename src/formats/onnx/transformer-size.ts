import { StartError } from '../../errors.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import type { TransformerSize } from '../../model-files/manifest.ts';

/** Names of the same size in config.json: BERT and most; DistilBERT; GPT-2 and Nomic; T5. */
const FIELDS = {
  hiddenSize: ['hidden_size', 'dim', 'n_embd', 'd_model'],
  layerCount: ['num_hidden_layers', 'n_layers', 'n_layer', 'num_layers'],
  intermediateSize: ['intermediate_size', 'hidden_dim', 'n_inner', 'd_ff'],
};

/** @throws {StartError} for a size that config.json does not have under any name known here. */
export function readTransformerSize(config: Json): TransformerSize {
  const hiddenSize = count(config, 'hiddenSize');
  return {
    hiddenSize,
    layerCount: count(config, 'layerCount'),
    // GPT-2 leaves it out: four times the hidden size.
    intermediateSize: count(config, 'intermediateSize', 4 * hiddenSize),
  };
}

function count(config: Json, size: keyof typeof FIELDS, otherwise?: number): number {
  const value = FIELDS[size].map((field) => config[field]).find((found) => typeof found === 'number') ?? otherwise;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  throw new StartError(
    `config.json: ${FIELDS[size].join(', ')}: one of them must be a positive whole number; found ${JSON.stringify(value) ?? 'none'}.`,
  );
}
