import type { Json } from '../../model-files/folder/read-json.ts';
import type { EncoderGraph } from './encoder-graph.ts';

/** What every architecture says of its size; plain data, in the manifest. */
export interface EncoderConfig {
  /** As in config.json. */
  modelType: string;
  hiddenSize: number;
  layerCount: number;
  headCount: number;
  /** Components of a head's queries and keys. */
  headDim: number;
  vocabularySize: number;
  /** Longest sequence that there are positions for; undefined where nothing bounds it. */
  positions: number | undefined;
  /**
   * The token that takes no position, as padding does not, where positions begin after its id
   * (`create_position_ids_from_input_ids`); left out: every token takes one, from 0 on.
   */
  paddingToken?: number;
  /** Rows of the table of token types, which tell two texts apart; left out: there is none. */
  tokenTypes?: number;
  /** Numbers in the matrices of a layer: what one row is multiplied with there. */
  layerWeights: number;
}

/** A bidirectional transformer, as transformers computes it. */
export interface Architecture<Config extends EncoderConfig = EncoderConfig> {
  /** Values of `model_type` that it is for. */
  readonly modelTypes: readonly string[];
  /** Which configs of these types; left out: all. The others are another format's. */
  readonly isFor?: (config: Json) => boolean;
  /** What the names of its tensors may begin with, as checkpoints with a head have them. */
  readonly prefixes: readonly string[];
  /** Tensors, without a prefix, that a checkpoint may have and no hidden state depends on. */
  readonly ignored: RegExp;
  /**
   * Reads its config.json.
   * @throws {StartError} naming the field, for what the graph does not compute.
   */
  readConfig(config: Json): Config;
  /**
   * Writes the layers.
   * @returns the last hidden states of the rows that are asked for, [R, hiddenSize], as `last_hidden_state` has them.
   */
  write(graph: EncoderGraph, config: Config): string;
  /**
   * Writes what a sequence classifier with one label makes of the hidden states of each sequence, once they are pooled.
   * @param pooled [R, hiddenSize]
   * @returns [R, 1]. Absent: the architecture is not served as a reranker.
   */
  writeHead?(graph: EncoderGraph, pooled: string, config: Config): string;
  /** How a sequence classifier pools. Absent: it reads the first token. */
  headPooling?(config: Config): 'cls' | 'mean';
}
