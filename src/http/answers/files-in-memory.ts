import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** By the end of a name; a file of another end is not served. */
const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** What is made of a file's content, once. */
type Make<Kept> = (content: Buffer, type: string, name: string) => Kept | Promise<Kept>;

/** Files of one folder, read when they are first asked for: clients that read none of them would take all descriptors. */
export class FilesInMemory<Kept> {
  private readonly folder: string;
  private readonly make: Make<Kept>;
  private readonly files = new Map<string, Promise<Kept>>();

  /** @param folder with the files; those of folders in it are not served. */
  constructor(folder: string, make: Make<Kept>) {
    this.folder = folder;
    this.make = make;
  }

  /** @param name as the client wrote it. @returns undefined: there is no such file. */
  async get(name: string): Promise<Kept | undefined> {
    const type = TYPES[path.extname(name)];
    if (type === undefined || !/^[\w.-]+$/.test(name)) return undefined;
    let file = this.files.get(name);
    if (file === undefined) {
      file = readFile(path.join(this.folder, name)).then((content) => this.make(content, type, name));
      this.files.set(name, file);
      // Names of nothing are not kept.
      file.catch(() => this.files.delete(name));
    }
    return file.catch(() => undefined);
  }
}
