import { ask, type Server, ServerError } from './api-server.ts';

/** Where servers that speak OpenAI's API embed. */
export const EMBEDDINGS_PATH = '/v1/embeddings';

/** The vectors of the texts, in their order. @throws {ServerError} for anything that is not one vector a text. */
export async function embed(server: Server, model: string, input: readonly string[]): Promise<Float64Array[]> {
  return (await embedAndCount(server, model, input)).vectors;
}

/** The same, and how many tokens the server says that they have; null where it does not say. @throws {ServerError} */
export async function embedAndCount(
  server: Server,
  model: string,
  input: readonly string[],
): Promise<{ vectors: Float64Array[]; tokens: number | null }> {
  const answer = await ask(server, EMBEDDINGS_PATH, JSON.stringify({ model, input, encoding_format: 'float' }));
  const complain = (what: string) =>
    new ServerError(`${server.name} (${server.url}) answered, but not with embeddings: ${what}.`);
  const { data, usage } = (answer ?? {}) as { data?: unknown; usage?: { prompt_tokens?: unknown } | null };
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
  const tokens = usage?.prompt_tokens;
  return {
    vectors: vectors.map((vector, index) => {
      if (vector === undefined) throw complain(`there is no item ${index}`);
      return vector;
    }),
    tokens: typeof tokens === 'number' ? tokens : null,
  };
}

/** Whether `index` is the place of one of `count` items. */
export function isIndex(index: unknown, count: number): index is number {
  return Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;
}
