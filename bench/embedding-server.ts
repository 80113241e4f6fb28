import { HttpClient } from './http-client.ts';

/** A server that speaks OpenAI's API. */
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

/** Where `/v1/embeddings` of a server is. */
export function embeddingsTarget({ url, key }: Server): { url: string; path: string; headers: Record<string, string> } {
  const { origin, path } = apiOf(url);
  return { url: origin, path: `${path}/embeddings`, headers: authorization(key) };
}

/** The model to ask for: the one named, or the first that the server lists. @throws {ServerError} */
export async function findModel(server: Server): Promise<string> {
  if (server.model !== undefined) return server.model;
  const { path } = apiOf(server.url);
  const answer = await ask(server, `${path}/models`);
  const listed = answer as { data?: { id?: unknown }[] } | undefined;
  const id = listed?.data?.[0]?.id;
  if (typeof id === 'string') return id;
  throw new ServerError(`${server.name} (${server.url}) lists no model at ${path}/models: name the one to use.`);
}

/** The vectors of the texts, in their order. @throws {ServerError} for anything that is not one vector a text. */
export async function embed(server: Server, model: string, input: readonly string[]): Promise<Float64Array[]> {
  const { path } = embeddingsTarget(server);
  const answer = await ask(server, path, JSON.stringify({ model, input, encoding_format: 'float' }));
  const complain = (what: string) =>
    new ServerError(`${server.name} (${server.url}) answered, but not with embeddings: ${what}.`);
  const data = (answer as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) throw complain('there is no array "data"');
  if (data.length !== input.length) throw complain(`${input.length} texts gave ${data.length} items`);
  const vectors: (Float64Array | undefined)[] = input.map(() => undefined);
  for (const item of data as { index?: unknown; embedding?: unknown }[]) {
    const { index, embedding } = item ?? {};
    if (!isIndex(index, input.length)) throw complain(`an item's index is ${JSON.stringify(index)}`);
    if (!Array.isArray(embedding) || embedding.length === 0) throw complain(`item ${index} has no array "embedding"`);
    if (!embedding.every(Number.isFinite)) throw complain(`item ${index} has components that are not numbers`);
    if (embedding.every((value) => value === 0)) throw complain(`item ${index} is a vector of zeros`);
    vectors[index] = Float64Array.from(embedding as number[]);
  }
  return vectors.map((vector, index) => {
    if (vector === undefined) throw complain(`there is no item ${index}`);
    return vector;
  });
}

function isIndex(index: unknown, count: number): index is number {
  return Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;
}

async function ask(server: Server, path: string, body?: string): Promise<unknown> {
  const { origin } = apiOf(server.url);
  const where = `${server.name} (${server.url})`;
  const client = new HttpClient(origin, 1, authorization(server.key));
  try {
    const answer = await client.attempt(path, body).catch((error: NodeJS.ErrnoException) => {
      throw new ServerError(`${where} cannot be reached: ${error.code ?? error.message}. Is the server running there?`);
    });
    const said = answer.body.subarray(0, 200).toString().replaceAll(/\s+/g, ' ');
    const { status } = answer;
    if (status === 401 || status === 403) throw new ServerError(`${where} wants a key (${status}): ${said}`);
    if (status === 404 && body !== undefined)
      throw new ServerError(`${where} has no such model or route (404): ${said}`);
    if (status !== 200) throw new ServerError(`${where} answered ${path} with ${status}: ${said}`);
    try {
      return JSON.parse(answer.body.toString());
    } catch {
      throw new ServerError(`${where} answered ${path} with something that is not JSON: ${said}`);
    }
  } finally {
    await client.close();
  }
}

function apiOf(url: string): { origin: string; path: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new ServerError(`${url} is no http:// or https:// URL.`);
  }
  const path = parsed.pathname.replace(/\/+$/, '');
  return { origin: parsed.origin, path: path.endsWith('/v1') ? path : `${path}/v1` };
}

function authorization(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` };
}
