import type { Dtype } from '../../model-files/manifest.ts';
import type { TokenTypes } from '../pairs/token-types.ts';
import type { Stage } from '../pooling/stages.ts';

/** ONNX graphs exported by someone else. */
export interface OnnxWeights {
  /** `model_type` of config.json. */
  modelType: string;
  /** The exports in the folder, by precision. */
  exports: Partial<Record<Dtype, OnnxExport>>;
  /** What comes after pooling, in order; not for an export that is pooled. */
  stages: Stage[];
  /** How the second text of a pair is told from the first; null: by nothing, or the graph does not ask. */
  tokenTypes: TokenTypes | null;
  /** The id that fills a sequence up to the longest of its batch; masked, whatever it is. */
  padTokenId: number;
}

/** An ONNX graph and what belongs to it. */
export interface OnnxExport {
  /** Absolute path of the .onnx file. */
  graphFile: string;
  /** Absolute paths of its external data files. */
  dataFiles: string[];
  /** Whether a sequence's row depends on the others of its batch, so that each must be computed alone. */
  isBatchDependent: boolean;
  /** Names of its inputs. */
  inputs: string[];
  /** Its outputs, as name and dimensions; null for one that is known only at a run. */
  outputs: [name: string, shape: (number | null)[]][];
  /** Whether it gives `sentence_embedding`: pooling and everything after it are inside. */
  isPooled: boolean;
  /** Components of `sentence_embedding`, where the graph says it. */
  pooledSize: number | null;
}
