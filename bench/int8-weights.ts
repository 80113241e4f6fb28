import process from 'node:process';
import { formatOf } from '../src/formats/formats.ts';
import { FileHashes } from '../src/model-files/file-hashes.ts';
import { int8Folders } from '../src/model-files/int8/int8-folders.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';
import type { ModelLocation } from '../src/model-files/resolve-model.ts';
import { readConfig } from '../src/settings/config.ts';

/** The manifest with int8 matrices, made or found where `hotvec serve` would. */
export function withInt8(location: ModelLocation, manifest: ModelManifest): Promise<ModelManifest> {
  const { hfHome } = readConfig(process.env);
  return formatOf(manifest).prepare(manifest, new Set(['int8']), {
    folders: () => int8Folders(location, { hfHome }),
    files: new FileHashes(),
    onEvent: () => {},
  });
}
