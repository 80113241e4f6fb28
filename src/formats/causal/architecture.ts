import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../../model-files/folder/read-json.ts';

/** Frequencies of the rotary embedding that were changed for longer texts, by `rope_type` (modeling_rope_utils.py). */
export type RopeScaling =
  | { type: 'linear'; factor: number }
  | { type: 'llama3'; factor: number; lowFreqFactor: number; highFreqFactor: number; originalMaxPositions: number };

/** What the layers of one architecture have and those of another do not. */
export interface LayerTraits {
  /** Whether queries and keys are normalized, each head by itself, before they are rotated. */
  headNorms: boolean;
  /** Which projections add a bias. */
  biases: { queryKeyValue: boolean; output: boolean; feedForward: boolean };
  /** null: frequencies are what the base makes them. */
  ropeScaling: RopeScaling | null;
  /** Layers in which a token sees only the last `tokens` up to itself; null: there are none. */
  slidingWindow: { tokens: number; layers: readonly number[] } | null;
}

/**
 * The fields of a decoder's `config.json` that decide the arithmetic, checked; plain data, in the manifest. Names as in
 * transformers, in camel case.
 */
export interface CausalConfig {
  modelType: string;
  hiddenSize: number;
  intermediateSize: number;
  layerCount: number;
  headCount: number;
  keyValueHeadCount: number;
  /** Not always hiddenSize ÷ headCount: Qwen3-Embedding-0.6B has 16 heads of 128 on a hidden size of 1024. */
  headDim: number;
  rmsNormEps: number;
  ropeTheta: number;
  maxPositions: number;
  vocabularySize: number;
  traits: LayerTraits;
}

/** A decoder: each token sees those before it. The graph is one for all (causal-graph.ts). */
export interface CausalArchitecture {
  /** As in config.json. */
  readonly modelType: string;
  /** Which configs of this type; left out: all. The others are another format's. */
  readonly isFor?: (config: Json) => boolean;
  /** What its layers have where the config does not say otherwise. */
  readonly traits: LayerTraits;
  /**
   * Reads its config.json.
   * @throws {StartError} naming the field, for a value that the graph does not compute, a missing one, or an unknown field.
   */
  readConfig(config: Json): CausalConfig;
}

/**
 * What of a config tells its vectors from those of another, for the fingerprint. Traits that an architecture has in any
 * case are told by its name; so fingerprints made when there were no traits stay as they are.
 */
export function architectureFacts(
  { traits, ...config }: CausalConfig,
  usual: LayerTraits,
): Omit<CausalConfig, 'traits'> & { traits?: LayerTraits } {
  return isDeepStrictEqual(traits, usual) ? config : { ...config, traits };
}
