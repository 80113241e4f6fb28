import type { EngineSettings } from '../engine/protocol.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import { loadCausal } from './causal/load.ts';
import { loadEncoder } from './encoder/load.ts';
import type { FormatName } from './formats.ts';
import type { LoadedModel, LoadModel } from './model-format.ts';
import { loadOnnx } from './onnx/load.ts';
import { loadStatic } from './static/load.ts';

const LOADERS: Record<FormatName, LoadModel<never>> = {
  causal: loadCausal,
  encoder: loadEncoder,
  static: loadStatic,
  onnx: loadOnnx,
};

/** Loads a model by its format, in the engine process: nothing that the main process loads may import this. */
export function loadModel(manifest: ModelManifest, settings: EngineSettings): Promise<LoadedModel> {
  return (LOADERS[manifest.format as FormatName] as LoadModel)(manifest, settings);
}
