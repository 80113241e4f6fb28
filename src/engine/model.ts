import type { ModelManifest } from '../model/manifest.ts';
import { PackedModel } from './packed/packed-model.ts';
import type { Batch, EngineSettings } from './protocol.ts';

/** A model in memory: batches of token ids in, pooled rows out. */
export interface Model {
  /** @returns rows: row-major [batch size, hiddenSize], not normalized, in the order sent. */
  run(batch: Batch): Promise<{ rows: Float32Array; uniqueTokens: number }>;
}

/** Loads a model by whichever path serves its weights. */
export async function loadModel({ weights }: ModelManifest, settings: EngineSettings): Promise<Model> {
  switch (weights.kind) {
    case 'packed':
      return PackedModel.load(weights, settings);
    case 'padded':
      throw new Error('the padded path comes with the next commit');
  }
}
