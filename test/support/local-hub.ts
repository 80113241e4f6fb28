import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** A fault of the hub, once or always, for requests whose path and query match. */
export interface Fault {
  match: RegExp;
  /** How often; always if omitted. */
  times?: number;
  /** Answer this status, with these headers. */
  status?: number;
  headers?: Record<string, string>;
  /** Send so many bytes of the body, then cut the connection. */
  cutAfter?: number;
  /** Send so many bytes of the body, then nothing more. */
  stallAfter?: number;
  /** Ignore `Range`: status 200 and the whole file. */
  ignoreRange?: boolean;
  /** Other bytes than those published; of the same length or not. */
  body?: (bytes: Buffer) => Buffer;
  /** Answer 200, then send one byte now and then without end. */
  drip?: boolean;
  /** Answer 200 with this text, as a captive portal does. */
  text?: string;
}

export interface RecordedRequest {
  /** `hub`, or `storage`: the host that large files are redirected to. */
  host: 'hub' | 'storage';
  url: string;
  range: string | undefined;
  authorization: string | undefined;
  cookie: string | undefined;
}

interface Commit {
  id: string;
  files: Map<string, Buffer>;
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const gitSha1 = (bytes: Buffer) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
/**
 * A hub on loopback that speaks the API of Hugging Face and that of ModelScope, redirects large files to another host,
 * and misbehaves on demand. Real HTTP, real ranges, real hashes.
 */
export class LocalHub {
  /** Every request since the last {@link forget}. */
  requests: RecordedRequest[] = [];
  faults: Fault[] = [];
  /** Still known when the hub is closed. */
  url = '';
  /** Where large files are. */
  storageUrl = '';
  /** Files kept outside of git, by their SHA-256; as the real hub's .gitattributes have it, in short. */
  large = /\.(safetensors|onnx|onnx_data)$|^tokenizer\.json$/;
  /** Lists without end: each page leads to one more, with the same files again or with none. */
  endless: 'same' | 'empty' | null = null;
  /** What its list says of a file, instead of the truth. */
  lies: Record<string, Record<string, unknown>> = {};
  /** Repositories that need this token. */
  token: string | null = null;
  private readonly repositories = new Map<string, { commits: Commit[]; branches: Map<string, string> }>();
  private readonly hub: Server;
  private readonly storage: Server;

  private constructor() {
    this.hub = createServer((request, response) => this.answer('hub', request, response));
    this.storage = createServer((request, response) => this.answer('storage', request, response));
  }

  static async start(port = 0): Promise<LocalHub> {
    const hub = new LocalHub();
    hub.storage.listen(0, '127.0.0.1');
    hub.hub.listen(port, '127.0.0.1');
    await Promise.all([once(hub.storage, 'listening'), once(hub.hub, 'listening')]);
    hub.url = `http://127.0.0.1:${(hub.hub.address() as AddressInfo).port}`;
    hub.storageUrl = `http://127.0.0.1:${(hub.storage.address() as AddressInfo).port}`;
    return hub;
  }

  /** Makes a commit of these files, on `main` and `master`. Returns its id. */
  publish(repository: string, files: Record<string, string | Buffer>): string {
    const contents = new Map(Object.entries(files).map(([file, content]) => [file, Buffer.from(content)]));
    const id = createHash('sha1')
      .update([...contents].map(([file, bytes]) => `${file} ${sha256(bytes)}`).join('\n'))
      .digest('hex');
    this.add(repository, id, contents);
    return id;
  }

  /** The same with a commit id of one's own. */
  publishAs(id: string, repository: string, files: Record<string, string | Buffer>): void {
    this.add(repository, id, new Map(Object.entries(files).map(([file, content]) => [file, Buffer.from(content)])));
  }

  forget(): void {
    this.requests = [];
  }

  async close(): Promise<void> {
    for (const server of [this.hub, this.storage]) {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    }
  }

  private add(repository: string, id: string, files: Map<string, Buffer>): void {
    const entry = this.repositories.get(repository) ?? { commits: [] as Commit[], branches: new Map<string, string>() };
    entry.commits.push({ id, files });
    for (const branch of ['main', 'master']) entry.branches.set(branch, id);
    this.repositories.set(repository, entry);
  }

  private answer(host: 'hub' | 'storage', request: IncomingMessage, response: ServerResponse): unknown {
    const { range, authorization, cookie } = request.headers;
    const url = request.url ?? '';
    this.requests.push({ host, url, range, authorization, cookie });
    const fault = this.faults.find((one) => one.match.test(url) && (one.times ?? 1) > 0);
    if (fault?.times !== undefined) fault.times -= 1;
    if (fault?.status !== undefined)
      return response.writeHead(fault.status, fault.headers).end('{"error":"on purpose"}');
    if (fault?.drip === true) {
      const timer = setInterval(() => response.write(' '), 20);
      return response.writeHead(200).on('close', () => clearInterval(timer));
    }
    if (fault?.text !== undefined) return response.writeHead(200, { 'content-type': 'text/html' }).end(fault.text);
    const { pathname, searchParams } = new URL(url, this.url);
    if (host === 'storage') return this.sendBlob(pathname.slice(1), request, response, fault);
    const [, modelScope] = /^\/api\/v1\/models\/([^/]+\/[^/]+)\/repo/.exec(pathname) ?? [];
    if (modelScope !== undefined) return this.modelScope(modelScope, pathname, searchParams, request, response, fault);
    const [, info, asked] = /^\/api\/models\/([^/]+\/[^/]+)\/revision\/(.+)$/.exec(pathname) ?? [];
    const [, tree, treeRevision] = /^\/api\/models\/([^/]+\/[^/]+)\/tree\/([^/]+)$/.exec(pathname) ?? [];
    const [, resolved, commitId, file] = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const repository = info ?? tree ?? resolved ?? '';
    if (this.token !== null && authorization !== `Bearer ${this.token}`) {
      return response
        .writeHead(401, { 'x-error-code': authorization === undefined ? 'GatedRepo' : 'RepoNotFound' })
        .end();
    }
    if (!this.repositories.has(repository)) {
      return response.writeHead(authorization === undefined ? 401 : 404, { 'x-error-code': 'RepoNotFound' }).end();
    }
    const commit = this.commitOf(repository, decodeURIComponent(asked ?? treeRevision ?? commitId ?? ''));
    if (commit === undefined) return response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
    if (info !== undefined) {
      return sendJson(response, {
        _id: '1',
        id: repository,
        sha: commit.id,
        private: false,
        gated: false,
        lastModified: '2026-01-01T00:00:00.000Z',
        siblings: [...commit.files.keys()].map((rfilename) => ({ rfilename })),
      });
    }
    if (tree !== undefined) return this.sendTree(commit, searchParams, pathname, response);
    const bytes = commit.files.get(decodeURIComponent(file ?? ''));
    if (bytes === undefined) return response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    response.setHeader('x-repo-commit', commit.id);
    if (!this.large.test(file ?? '')) {
      response.setHeader('etag', `"${gitSha1(bytes)}"`);
      return send(bytes, request, response, fault);
    }
    const linked = { 'x-linked-etag': `"${sha256(bytes)}"`, 'x-linked-size': bytes.length };
    const location = `${this.storageUrl}/${sha256(bytes)}/${file}?signature=1`;
    return response.writeHead(302, { location, ...linked }).end();
  }

  /** Three entries a page: pages are part of the API. */
  private sendTree(commit: Commit, query: URLSearchParams, pathname: string, response: ServerResponse): unknown {
    const folders = [...commit.files.keys()]
      .filter((file) => file.includes('/'))
      .map((file) => path.posix.dirname(file));
    const entries = [
      ...[...new Set(folders)].map((folder) => ({ type: 'directory', oid: '0'.repeat(40), size: 0, path: folder })),
      ...[...commit.files].map(([file, bytes]) => ({
        type: 'file',
        oid: this.large.test(file) ? '1'.repeat(40) : gitSha1(bytes),
        size: bytes.length,
        path: file,
        ...(this.large.test(file)
          ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 133 }, xetHash: '2'.repeat(64) }
          : {}),
        ...this.lies[file],
      })),
    ];
    const start = Number(query.get('cursor') ?? 0);
    const next =
      start + 3 < entries.length ? `<${this.url}${pathname}?recursive=true&cursor=${start + 3}>; rel="next"` : null;
    if (this.endless !== null) {
      const link = `<${this.url}${pathname}?recursive=true&cursor=${start + 1}>; rel="next"`;
      return sendJson(response, this.endless === 'same' ? entries : [], { link });
    }
    return sendJson(response, entries.slice(start, start + 3), next === null ? {} : { link: next });
  }

  private modelScope(
    repository: string,
    pathname: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault | undefined,
  ): unknown {
    if (this.token !== null && request.headers.authorization !== `Bearer ${this.token}`)
      return response.writeHead(403).end();
    if (!this.repositories.has(repository))
      return sendJson(response, { Code: 10010205001, Message: 'not found' }, {}, 404);
    const commit = this.commitOf(repository, query.get('Revision') ?? '');
    if (pathname.endsWith('/repo/files')) {
      const files =
        commit &&
        [...commit.files].map(([file, bytes]) => ({
          Path: file,
          Name: path.posix.basename(file),
          Type: 'blob',
          Size: bytes.length,
          Sha256: sha256(bytes),
          Revision: commit.id,
          ...this.lies[file],
        }));
      const head = commit === undefined ? null : { Id: '', ShortId: commit.id.slice(0, 8) };
      const folder = { Path: '1_Pooling', Name: '1_Pooling', Type: 'tree', Size: 0, Sha256: '' };
      return sendJson(response, {
        Code: 200,
        Success: true,
        Data: { Files: files ? [folder, ...files] : null, LatestCommitter: head },
      });
    }
    const bytes = commit?.files.get(query.get('FilePath') ?? '');
    if (bytes === undefined) return response.writeHead(404).end();
    return send(bytes, request, response, fault);
  }

  private sendBlob(
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    fault: Fault | undefined,
  ): unknown {
    const digest = name.split('/')[0];
    for (const { commits } of this.repositories.values()) {
      for (const bytes of commits.flatMap(({ files }) => [...files.values()])) {
        if (sha256(bytes) === digest) return send(bytes, request, response, fault);
      }
    }
    return response.writeHead(404).end();
  }

  private commitOf(repository: string, revision: string): Commit | undefined {
    const entry = this.repositories.get(repository);
    const id = entry?.branches.get(revision) ?? revision;
    return entry?.commits.findLast((commit) => commit.id === id);
  }
}

/** The files of a folder, as {@link LocalHub.publish} takes them. */
export function filesOf(folder: string): Record<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [path.relative(folder, file).split(path.sep).join('/'), readFileSync(file)];
    }),
  );
}

function sendJson(
  response: ServerResponse,
  json: unknown,
  headers: Record<string, string> = {},
  status = 200,
): unknown {
  return response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
}

function send(
  published: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault | undefined,
): unknown {
  const bytes = fault?.body?.(published) ?? published;
  const asked = fault?.ignoreRange === true ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const start = Number(asked ?? 0);
  if (start >= bytes.length && asked !== undefined) {
    return response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
  }
  const headers: Record<string, string | number> = { 'content-length': bytes.length - start };
  if (asked !== undefined) headers['content-range'] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(asked === undefined ? 200 : 206, headers);
  const end = fault?.cutAfter ?? fault?.stallAfter;
  if (end === undefined) return response.end(bytes.subarray(start));
  return response.write(bytes.subarray(start, start + end), () => {
    // The bytes are on their way: time to reach the other side before the cut.
    if (fault?.cutAfter !== undefined) setTimeout(() => response.destroy(), 50);
  });
}
