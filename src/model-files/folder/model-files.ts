import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { readJson } from './read-json.ts';

/** The files of one model, on this disk or on a hub. Names are relative to the model's folder, with `/`. */
export interface ModelFiles {
  /** What to call the model. */
  readonly name: string;
  has(file: string): boolean;
  /** Names of files, at least of those that may be weights; to be shown in a refusal. */
  list(): Iterable<string>;
  /**
   * A parsed JSON file, fetched if need be; undefined where there is none.
   * @throws {StartError} when it cannot be read, or holds neither an object nor a list.
   */
  readJson(file: string): Promise<unknown>;
  /** Where a file lies on this disk, fetched if need be. */
  locate(file: string): Promise<string>;
}

/** A model folder, and what to call it. */
export interface ModelFolder {
  name: string;
  /** Absolute path. */
  folder: string;
  /** The commit of a hub repository. */
  revision?: string | null;
  /** Another folder, for files that this one lacks: a model made of the weights of another. */
  base?: string;
  /** What of the folder may be used, relative to it: the files that were verified. Absent: all. */
  files?: ReadonlySet<string>;
  /** Told of each file before anything of it is read. */
  onLocate?: (file: string) => void;
}

/** The files of a folder on this disk. */
export class LocalFiles implements ModelFiles {
  readonly name: string;
  private readonly folder: string;
  private readonly base: string;
  private readonly verified: ReadonlySet<string> | undefined;
  private readonly onLocate: (file: string) => void;

  constructor({ name, folder, base = folder, files, onLocate = () => {} }: ModelFolder) {
    this.name = name;
    this.folder = folder;
    this.base = base;
    this.verified = files;
    this.onLocate = onLocate;
  }

  has(file: string): boolean {
    return this.verified?.has(file) ?? existsSync(path.join(this.folderOf(file), file));
  }

  list(): Iterable<string> {
    const folders = new Set([this.folder, this.base]);
    return (
      this.verified ?? [...folders].flatMap((folder) => ['', 'onnx'].flatMap((within) => listWithin(folder, within)))
    );
  }

  async readJson(file: string): Promise<unknown> {
    if (!this.has(file)) return undefined;
    this.onLocate(path.join(this.folderOf(file), file));
    return readJson(this.folderOf(file), file);
  }

  async locate(file: string): Promise<string> {
    const located = path.join(this.folderOf(file), file);
    this.onLocate(located);
    return located;
  }

  private folderOf(file: string): string {
    return existsSync(path.join(this.folder, file)) ? this.folder : this.base;
  }
}

function listWithin(root: string, within: string): string[] {
  const folder = path.join(root, within);
  return existsSync(folder) ? readdirSync(folder).map((name) => path.posix.join(within, name)) : [];
}
