import process from 'node:process';
import { packed } from '../scripts/packed-weights.ts';
import { loadCausal, type PackedModel } from '../src/formats/causal/load.ts';
import { formatOf } from '../src/formats/formats.ts';
import { FileHashes } from '../src/model-files/file-hashes.ts';
import { int8Folders } from '../src/model-files/int8/int8-folders.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';
import { type ModelLocation, resolveModel } from '../src/model-files/resolve-model.ts';
import { readConfig } from '../src/settings/config.ts';
import { engineSettings } from './engine-settings.ts';
import type { EngineBench } from './open-bench.ts';

/** The manifest with int8 matrices, made or found where `hotvec serve` would. */
export function withInt8(location: ModelLocation, manifest: ModelManifest): Promise<ModelManifest> {
  const { hfHome } = readConfig(process.env);
  return formatOf(manifest).prepare(manifest, new Set(['int8']), {
    folders: () => int8Folders(location, { hfHome }),
    files: new FileHashes(),
    onEvent: () => {},
  });
}

/** The model of the bench in fp32 and in int8, on the CPU: the one that the bench has not is loaded. */
export async function bothPrecisions({
  model,
  manifest,
  options,
  setting,
}: EngineBench): Promise<{ exact: PackedModel; int8: PackedModel }> {
  const load = async (dtype: 'fp32' | 'int8') =>
    loadCausal(
      {
        pooling: 'last_token',
        weights: packed(dtype === 'int8' ? await withInt8(resolveModel(setting), manifest) : manifest),
      },
      engineSettings(manifest, 'cpu', dtype),
    );
  return options.dtype === 'int8'
    ? { exact: await load('fp32'), int8: model }
    : { exact: model, int8: await load('int8') };
}
