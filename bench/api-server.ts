import { type Answer, HttpClient } from './http-client.ts';
import type { LoadTarget } from './load-generator.ts';

/** A server that speaks an API for models over HTTP. */
export interface Server {
  /** What the report calls it. */
  name: string;
  /** With or without the API's `/v1`. */
  url: string;
  /** Empty: the first that the server lists. */
  model?: string;
  key?: string;
}

/** What keeps a server from being measured: one line for the person who asked. */
export class ServerError extends Error {
  override readonly name = 'ServerError';
}

/** Where a path of a server is, from `/v1/…` on or beside it. @throws {ServerError} for a URL that is none. */
export function targetOf({ url, key }: Server, path: string): LoadTarget & { headers: Record<string, string> } {
  const { origin, base } = apiOf(url);
  return { url: origin, path: `${base}${path}`, headers: key === undefined ? {} : { authorization: `Bearer ${key}` } };
}

/** The model to ask for: the one named, or the first that the server lists. @throws {ServerError} */
export async function findModel(server: Server): Promise<string> {
  if (server.model !== undefined) return server.model;
  const listed = (await ask(server, '/v1/models')) as { data?: { id?: unknown }[] } | undefined;
  const id = listed?.data?.[0]?.id;
  if (typeof id === 'string') return id;
  const { path } = targetOf(server, '/v1/models');
  throw new ServerError(`${server.name} (${server.url}) lists no model at ${path}: name the one to use.`);
}

/** What a server answers: JSON, with status 200. @throws {ServerError} */
export async function ask(server: Server, path: string, body?: string): Promise<unknown> {
  const where = `${server.name} (${server.url})`;
  const answer = await attempt(server, path, body);
  const { status } = answer;
  if (status === 404 && body !== undefined) {
    throw new ServerError(`${where} has no such model or route (404): ${startOf(answer)}`);
  }
  const place = targetOf(server, path).path;
  if (status !== 200) throw new ServerError(`${where} answered ${place} with ${status}: ${startOf(answer)}`);
  return parse(server, path, answer);
}

/** Whatever a server answers. @throws {ServerError} for none, and where it wants a key. */
export async function attempt(server: Server, path: string, body?: string): Promise<Answer> {
  const target = targetOf(server, path);
  const where = `${server.name} (${server.url})`;
  const client = new HttpClient(target.url, 1, target.headers);
  try {
    const answer = await client.attempt(target.path, body).catch((error: NodeJS.ErrnoException) => {
      throw new ServerError(`${where} cannot be reached: ${error.code ?? error.message}. Is the server running there?`);
    });
    const { status } = answer;
    if (status === 401 || status === 403) throw new ServerError(`${where} wants a key (${status}): ${startOf(answer)}`);
    return answer;
  } finally {
    await client.close();
  }
}

/** The JSON of an answer. @throws {ServerError} */
export function parse({ name, url, ...server }: Server, path: string, answer: Answer): unknown {
  try {
    return JSON.parse(answer.body.toString());
  } catch {
    const place = targetOf({ name, url, ...server }, path).path;
    throw new ServerError(`${name} (${url}) answered ${place} with something that is not JSON: ${startOf(answer)}`);
  }
}

/** The beginning of an answer, on one line. */
export function startOf({ body }: Answer): string {
  return body.subarray(0, 200).toString().replaceAll(/\s+/g, ' ');
}

function apiOf(url: string): { origin: string; base: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new ServerError(`${url} is no http:// or https:// URL.`);
  }
  const path = parsed.pathname.replace(/\/+$/, '');
  return { origin: parsed.origin, base: path.endsWith('/v1') ? path.slice(0, -3) : path };
}
