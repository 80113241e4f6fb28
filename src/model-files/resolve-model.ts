import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../errors.ts';
import { packageRoot } from '../package-info.ts';
import type { ModelFolder } from './folder/model-files.ts';

/** Where a model is, and where it came from. */
export interface ModelLocation extends ModelFolder {
  revision: string | null;
  source: 'starter' | 'folder' | ModelSource;
  /** Beside the model, where hotvec may keep what it makes of it; null for the starter: the package is not written to. */
  ownFolder: string | null;
  /**
   * Absolute path → SHA-256 of files that were verified, or are being verified, so that they are not read again. Empty for
   * local folders.
   */
  hashes: ReadonlyMap<string, string>;
  /**
   * Until it resolves nothing may be served that was computed with large files, or written that was made of them.
   * @throws {StartError} naming one that is not what was published.
   */
  verified: Promise<void>;
}

export type ModelSource = 'huggingface' | 'modelscope';

const STARTER = 'starter';
/** The models that come with hotvec: an embedding model, and a demonstration of reranking made of its weights. */
export const STARTERS = [STARTER, 'starter-reranker'] as const;

/** A repository of a hub. */
export interface HubReference {
  /** `owner/name`. */
  repository: string;
  /** Branch, tag or commit; undefined if none is named. */
  revision: string | undefined;
}

/**
 * The folder that the MODEL setting names, without looking at any hub.
 * @throws {StartError} when it is neither `starter` nor a folder, saying how to get one.
 */
export function resolveModel(model: string): ModelLocation {
  const found = findLocalModel(model);
  if (found !== undefined) return found;
  if (existsSync(model)) throw notAFolder(model);
  throw new StartError(
    `MODEL=${model}: there is no folder ${path.resolve(model)}, and ${model} is not a hub id. Set MODEL to \`starter\`, to owner/name of a hub model, or to a folder with config.json, tokenizer.json and weights.`,
  );
}

/** What a model is called that is not given another name; nothing is looked up but whether it is a folder. */
export function nameOfModel(model: string): string {
  return findLocalModel(model)?.name ?? parseHubReference(model)?.repository ?? model;
}

/** A model that comes with hotvec, or a folder that exists: it wins over a hub id of the same text. */
export function findLocalModel(model: string): ModelLocation | undefined {
  const local = { revision: null, hashes: new Map<string, string>(), verified: Promise.resolve() };
  const shipped = STARTERS.find((name) => name === model);
  if (shipped !== undefined) {
    const [folder, base] = [shipped, STARTER].map((name) => path.join(packageRoot, 'models', name)) as [string, string];
    return { ...local, name: shipped, folder, base, source: 'starter', ownFolder: null };
  }
  const folder = path.resolve(model);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  return { ...local, name: path.basename(folder), folder, source: 'folder', ownFolder: path.join(folder, '.hotvec') };
}

/**
 * For `models/name` in a folder that has `models`: a folder is meant, and no hub need be asked for half a minute to
 * find that it is not there.
 * @throws {StartError} saying so, and how to name a hub model anyway.
 */
export function refuseMissingFolder(model: string, defaultRevision: string): void {
  if (existsSync(model)) throw notAFolder(model);
  const parent = path.dirname(model);
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new StartError(
    `MODEL=${model}: the folder ${path.resolve(parent)} has no ${path.basename(model)}. If you mean a hub model, set MODEL=${model}@${defaultRevision}.`,
  );
}

function notAFolder(model: string): StartError {
  return new StartError(`MODEL=${model} is a file. Set MODEL to the folder that contains it.`);
}

/** Reads `owner/name` or `owner/name@revision`; undefined for any other text. */
export function parseHubReference(model: string): HubReference | undefined {
  const [, repository, revision] = /^(\w[\w.-]*\/\w[\w.-]*)(?:@(\w[\w./-]*))?$/.exec(model) ?? [];
  if (repository === undefined || `${repository}/${revision}`.includes('..') || revision?.endsWith('/'))
    return undefined;
  return { repository, revision };
}
