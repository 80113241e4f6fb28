import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../errors.ts';
import { cacheRoot, connectHub } from './hub/connect-hub.ts';
import { findCached } from './hub/find-cached.ts';
import { type FileRecord, ModelCache } from './hub/model-cache.ts';
import { pullModel } from './hub/pull-model.ts';
import { realWait } from './hub/retry.ts';
import { type Verification, verifyFiles } from './hub/verify-files.ts';
import { publishedHashes } from './known/published-hashes.ts';
import type { LocateOptions } from './locate-model.ts';
import type { ModelSettings } from './model-settings.ts';
import { type HubReference, type ModelLocation, refuseMissingFolder } from './resolve-model.ts';

const HUGGING_FACE = 'https://huggingface.co';

/**
 * The part of `locateModel` for what a hub has.
 * @throws {StartError} with the one line that says what to do.
 */
export async function locateHubModel(reference: HubReference, options: LocateOptions): Promise<ModelLocation> {
  const { settings, onEvent, refresh = false, wait = realWait } = options;
  const { model, modelSource, weights, dtype } = settings;
  const choice = { weights, dtype };
  const { repository } = reference;
  const hub = await connectHub(settings, wait);
  const refName = reference.revision ?? (settings.revision || hub.defaultRevision);
  const cache = new ModelCache(cacheRoot(settings), repository);
  const repair = pullCommandLine(settings, repository, refName === hub.defaultRevision ? '' : refName);

  const locationOf = (record: FileRecord, verification: Verification): ModelLocation => ({
    name: repository,
    folder: cache.snapshot(record.revision),
    revision: record.revision,
    // Others may be in the snapshot, of another precision or from another tool: they were not verified this time.
    files: new Set(record.files.map((file) => file.path)),
    source: modelSource,
    ownFolder: cache.ownFolder,
    ...verification,
  });

  const cached =
    refresh && !settings.offline
      ? undefined
      : await findCached(cache, repository, refName, { choice, offline: settings.offline });
  if (cached !== undefined) {
    const { record, isForeign } = cached;
    const folder = cache.snapshot(record.revision);
    const bytes = record.files.reduce((sum, { size }) => sum + size, 0);
    onEvent({ kind: 'cached', model: repository, revision: record.revision, folder, bytes, isForeign });
    const published = publishedHashes(repository, record.revision, isOrigin(settings));
    return locationOf(record, await verifyFiles({ repository, folder, record, published, repair }));
  }
  // A pull always means the hub, and so does `@main`.
  if (!refresh && reference.revision === undefined && settings.revision === '') {
    refuseMissingFolder(model, hub.defaultRevision);
  }
  if (settings.offline) {
    throw new StartError(
      `OFFLINE=1, but ${cache.folder} does not have all files of ${repository} at ${refName} (${weights === 'auto' ? '' : `WEIGHTS=${weights}, `}DTYPE=${dtype}). Run \`${repair}\` on a machine with network access, then copy the folder here.`,
    );
  }
  // Where only something is missing, the commit stays the one that was served before.
  const served = refresh ? undefined : await cache.ownRef(refName);
  const revision = served !== undefined && /^[0-9a-f]{40}$/.test(served) ? served : refName;
  const record = await pullModel({
    hub,
    cache,
    repository,
    revision,
    refName,
    choice,
    isOrigin: isOrigin(settings),
    onEvent,
    wait,
  });
  const hashes = await hashesOf(cache.snapshot(record.revision), record);
  return locationOf(record, { hashes, verified: Promise.resolve() });
}

/** Whether models come from where they were published, and not from a mirror. */
function isOrigin({ modelSource, hfEndpoint }: ModelSettings): boolean {
  return modelSource === 'huggingface' && hfEndpoint.replace(/\/+$/, '') === HUGGING_FACE;
}

/** Pulling has verified each file. */
async function hashesOf(folder: string, { files }: FileRecord): Promise<Map<string, string>> {
  const entries = files.map(async (file) => [await realpath(path.join(folder, file.path)), file.sha256] as const);
  return new Map(await Promise.all(entries));
}

function pullCommandLine({ modelSource, weights, dtype }: ModelSettings, repository: string, revision: string): string {
  const at = revision === '' ? '' : `@${revision}`;
  const from = modelSource === 'modelscope' ? ' --model-source modelscope' : '';
  const flags = Object.entries({ weights, dtype }).filter(([, value]) => value !== 'auto');
  return ['hotvec pull', `${repository}${at}${from}`, ...flags.map(([flag, value]) => `--${flag} ${value}`)].join(' ');
}
