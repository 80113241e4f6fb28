import process from 'node:process';
import { readConfig } from '../src/config.ts';
import { FileHashes } from '../src/model/file-hashes.ts';
import { int8Folders } from '../src/model/int8/int8-folders.ts';
import { prepareInt8 } from '../src/model/int8/prepare-int8.ts';
import type { PackedWeights } from '../src/model/manifest.ts';
import type { ModelLocation } from '../src/model/resolve-model.ts';

/** The weights with their int8 matrices, made or found where `hotvec serve` would. */
export function int8Weights(location: ModelLocation, weights: PackedWeights): Promise<PackedWeights> {
  const { hfHome } = readConfig(process.env);
  return prepareInt8(weights, {
    folders: int8Folders(location, { hfHome }),
    files: new FileHashes(),
    onEvent: () => {},
  });
}
