import process from 'node:process';
import { FileHashes } from '../src/model-files/file-hashes.ts';
import { int8Folders } from '../src/model-files/int8/int8-folders.ts';
import { prepareInt8 } from '../src/model-files/int8/prepare-int8.ts';
import type { PackedWeights } from '../src/model-files/manifest.ts';
import type { ModelLocation } from '../src/model-files/resolve-model.ts';
import { readConfig } from '../src/settings/config.ts';

/** The weights with their int8 matrices, made or found where `hotvec serve` would. */
export function int8Weights(location: ModelLocation, weights: PackedWeights): Promise<PackedWeights> {
  const { hfHome } = readConfig(process.env);
  return prepareInt8(weights, {
    folders: int8Folders(location, { hfHome }),
    files: new FileHashes(),
    onEvent: () => {},
  });
}
