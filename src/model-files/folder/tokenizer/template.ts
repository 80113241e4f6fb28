import type { Json } from '../read-json.ts';

/**
 * The post-processor that puts tokens around a text.
 * @throws {RangeError} for a token without an id.
 */
export function template(
  before: readonly (string | undefined)[],
  after: readonly (string | undefined)[],
  idOf: (token: string) => number | undefined,
): Json {
  const special_tokens: Json = {};
  const pieces = (tokens: readonly (string | undefined)[]) =>
    tokens
      .filter((token) => token !== undefined)
      .map((token) => {
        const id = idOf(token);
        if (id === undefined) throw new RangeError(`it has no token ${token}`);
        special_tokens[token] = { id: token, ids: [id], tokens: [token] };
        return { SpecialToken: { id: token, type_id: 0 } };
      });
  const text = (id: 'A' | 'B') => ({ Sequence: { id, type_id: 0 } });
  const [start, end] = [pieces(before), pieces(after)];
  return {
    type: 'TemplateProcessing',
    single: [...start, text('A'), ...end],
    // Never used: hotvec reads no pairs. A template must have one.
    pair: [...start, text('A'), ...end, text('B')],
    special_tokens,
  };
}
