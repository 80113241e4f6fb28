import type { Batch, BatchResult, EngineSettings } from '../engine/protocol.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import { PaddedModel } from './onnx/padded-model.ts';
import { PackedModel } from './qwen3/packed-model.ts';

/** What a model makes of a batch: rows, row-major [rows, hiddenSize], not normalized, in the order sent. */
export type ComputedBatch = Pick<BatchResult, 'rows' | 'computedTokens'>;

/** A model in memory: batches of token ids in, pooled rows out. */
export interface Model {
  run(batch: Batch): Promise<ComputedBatch>;
}

/** Loads a model by whichever path serves its weights. */
export async function loadModel(manifest: ModelManifest, settings: EngineSettings): Promise<Model> {
  const { weights } = manifest;
  return weights.kind === 'packed' ? PackedModel.load(weights, settings) : PaddedModel.load(manifest, settings);
}
