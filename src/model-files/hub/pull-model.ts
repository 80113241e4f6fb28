import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StartError } from '../../errors.ts';
import { chooseFiles } from '../../formats/recognize-model.ts';
import type { ModelFiles } from '../folder/model-files.ts';
import { checkPublished, publishedHashes } from '../known/published-hashes.ts';
import type { WeightChoice } from '../manifest.ts';
import { checkListing } from './check-listing.ts';
import { downloadFile } from './download-file.ts';
import { explainDiskError } from './explain-disk-error.ts';
import { digestFile, FileDigest } from './file-digest.ts';
import { checkFreeSpace } from './free-space.ts';
import type { Hub, HubFile, Listing } from './hub.ts';
import type { OnHubEvent } from './hub-events.ts';
import { makeFolder } from './make-folder.ts';
import { type CachedFile, type FileRecord, type ModelCache, sizeOf } from './model-cache.ts';
import { partialBytes } from './partial-file.ts';
import type { Wait } from './retry.ts';

/** Files under way at once: more do not make a line faster, and hubs count connections. */
const PARALLEL = 4;

export interface PullOptions {
  hub: Hub;
  cache: ModelCache;
  repository: string;
  /** Branch, tag or commit to ask the hub for. */
  revision: string;
  /** What to note the commit under, besides itself: the branch or tag that the user named. */
  refName: string;
  choice: WeightChoice;
  /** See {@link publishedHashes}. */
  isOrigin: boolean;
  onEvent: OnHubEvent;
  wait: Wait;
}

/**
 * Makes the cache hold a model: asks the hub what there is, chooses, downloads what is missing or damaged, verifies all.
 * @throws {StartError} with the one line that says what to do.
 */
export async function pullModel(options: PullOptions): Promise<FileRecord> {
  const { hub, cache, repository, revision, refName, choice, onEvent } = options;
  try {
    const listing = checkListing(
      await hub.list(repository, revision, (reason, waitMs) =>
        onEvent({ kind: 'retry', file: 'the list of files', reason, waitMs }),
      ),
      hub,
    );
    onEvent({ kind: 'resolved', model: repository, asked: refName, revision: listing.revision, hub: hub.title });
    await makeFolder(cache.blobs);
    const files = new Map(listing.files.filter(({ path: file }) => isSafePath(file)).map((file) => [file.path, file]));
    const done = new Map<string, CachedFile>();
    const fetchAll = async (paths: readonly string[]) => {
      const wanted = [...new Set(paths)].filter((file) => !done.has(file)).map((file) => files.get(file) as HubFile);
      for (const file of await fetchFiles(wanted, listing, options)) done.set(file.path, file);
    };
    const source: ModelFiles = {
      name: repository,
      has: (file) => files.has(file),
      list: () => files.keys(),
      async readJson(file) {
        if (!files.has(file)) return undefined;
        return parseRepositoryJson(await readFile(await source.locate(file), 'utf8'), file, repository);
      },
      async locate(file) {
        await fetchAll([file]);
        return path.join(cache.snapshot(listing.revision), file);
      },
    };
    const { chosen, weights, leftAside } = await chooseFiles(source, choice);
    if (leftAside !== null) onEvent({ kind: 'left_aside', model: repository, weights, leftAside });
    await fetchAll(chosen);
    const record = { revision: listing.revision, files: chosen.map((file) => done.get(file) as CachedFile) };
    await cache.finish(record, choice, refName);
    const bytes = record.files.reduce((sum, { size }) => sum + size, 0);
    onEvent({
      kind: 'downloaded',
      model: repository,
      revision: record.revision,
      folder: cache.snapshot(record.revision),
      bytes,
    });
    return record;
  } catch (error) {
    throw explainDiskError(error, cache.folder);
  }
}

/** Downloads files, a few at a time, and links them into the snapshot. */
async function fetchFiles(wanted: readonly HubFile[], listing: Listing, options: PullOptions): Promise<CachedFile[]> {
  const { hub, cache, repository, isOrigin, onEvent, wait } = options;
  const published = publishedHashes(repository, listing.revision, isOrigin);
  for (const { path: file, algorithm, digest } of wanted) {
    // A hub that announces other hashes is refused before its files are fetched.
    if (algorithm === 'sha256') checkPublished(repository, file, digest, published);
  }
  const bytes = wanted.reduce((sum, { size }) => sum + size, 0);
  const present = new Map<string, string>();
  const received = new Map<string, number>();
  for (const file of wanted) {
    const sha256 = await checkBlob(file, options);
    if (sha256 !== undefined) present.set(file.path, sha256);
    received.set(
      file.path,
      sha256 === undefined ? Math.min(file.size, await partialBytes(cache.blob(file.digest))) : file.size,
    );
  }
  const receivedBytes = () => [...received.values()].reduce((sum, one) => sum + one, 0);
  const missing = wanted.filter((file) => !present.has(file.path));
  if (missing.length > 0) {
    await checkFreeSpace(cache.blobs, bytes - receivedBytes());
    onEvent({ kind: 'download', model: repository, files: missing.length, bytes, presentBytes: receivedBytes() });
  }
  const fetchBlob = async (file: HubFile): Promise<string> =>
    present.get(file.path) ??
    downloadFile({
      file,
      blob: cache.blob(file.digest),
      open: (offset) => hub.open(listing, file, offset),
      wait,
      onBytes(have) {
        received.set(file.path, have);
        onEvent({ kind: 'progress', model: repository, receivedBytes: receivedBytes(), bytes });
      },
      onRetry: (reason, waitMs) => onEvent({ kind: 'retry', file: file.path, reason, waitMs }),
    });
  const results: CachedFile[] = [];
  await inParallel(groupByDigest(wanted), async (group) => {
    const sha256 = await fetchBlob(group[0] as HubFile);
    for (const { path: file, size, digest } of group) {
      checkPublished(repository, file, sha256, published);
      await cache.link(listing.revision, file, digest);
      received.set(file, size);
      results.push({ path: file, size, sha256 });
    }
  });
  return results;
}

/** Files of the same bytes share a blob, and a download. */
function groupByDigest(files: readonly HubFile[]): HubFile[][] {
  const groups = new Map<string, HubFile[]>();
  for (const file of files) groups.set(file.digest, [...(groups.get(file.digest) ?? []), file]);
  return [...groups.values()];
}

/** Runs `work` on all items, a few at a time. The first failure ends it once those under way have ended too. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift()) {
      await work(item).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  if (failures.length > 0) throw failures[0];
}

/** The SHA-256 of a blob that is there and right; one that is damaged is removed. */
async function checkBlob(file: HubFile, { cache, onEvent }: PullOptions): Promise<string | undefined> {
  const blob = cache.blob(file.digest);
  const size = await sizeOf(blob);
  if (size === -1) return undefined;
  const digest = new FileDigest(file);
  if (size === file.size) await digestFile(digest, blob, size);
  const { sha256, isPublished } = digest.finish();
  if (size === file.size && isPublished) return sha256;
  onEvent({ kind: 'damaged', file: file.path });
  await rm(blob);
  return undefined;
}

/** A repository's paths become paths on this disk: none may lead out of the snapshot, or break a line of the log. */
function isSafePath(file: string): boolean {
  return /^[^\\:\p{Cc}]+$/u.test(file) && file.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/**
 * A JSON file of a repository.
 * @throws {StartError} on one line when it holds neither an object nor a list; V8's own errors quote the file, line breaks included.
 */
function parseRepositoryJson(text: string, file: string, repository: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return json;
    throw new Error('expected an object or array');
  } catch (error) {
    const reason = messageOf(error).replace(/[\s\p{Cc}]+/gu, ' ');
    throw new StartError(`${file} of ${repository} is not valid JSON (${reason}). Choose another revision.`);
  }
}
