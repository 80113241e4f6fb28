import type { WeightChoice } from '../manifest.ts';
import { readForeignSnapshot } from './foreign-snapshot.ts';
import type { FileRecord, ModelCache } from './model-cache.ts';

export interface CachedModel {
  record: FileRecord;
  /** Downloaded by another tool: the files are right, but some may be missing. */
  isForeign: boolean;
}

/**
 * A model that can be served without asking anyone; undefined where something is missing.
 *
 * With a network, only what hotvec recorded counts, because it is known to be complete. Without one (`OFFLINE=1`) a
 * snapshot that another tool downloaded is taken too.
 */
export async function findCached(
  cache: ModelCache,
  repository: string,
  refName: string,
  { choice, offline }: { choice: WeightChoice; offline: boolean },
): Promise<CachedModel | undefined> {
  const revision = (await cache.ownRef(refName)) ?? refName;
  const record = await cache.record(revision, choice);
  if (record !== undefined && (await cache.holds(record))) return { record, isForeign: false };
  if (!offline) return undefined;
  const commit = (await cache.ownRef(refName)) ?? (await cache.sharedRef(refName)) ?? refName;
  const foreign = await readForeignSnapshot(cache.snapshot(commit), repository, commit, choice);
  return foreign === undefined ? undefined : { record: foreign, isForeign: true };
}
