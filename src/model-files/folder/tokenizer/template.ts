import type { Json } from '../read-json.ts';

/**
 * How a class joins two texts with the tokens that it puts around one. `typed` and `plain`: those after the first stand
 * between them, and the second has another token type or not; `doubled`: they stand there twice; `repeated`: each text has
 * all of its own, and its own type.
 */
export type PairJoin = 'typed' | 'plain' | 'doubled' | 'repeated';

type Piece = { SpecialToken: { id: string; type_id: number } } | { Sequence: { id: 'A' | 'B'; type_id: number } };

/**
 * The post-processor that puts tokens around a text, or two.
 * @throws {RangeError} for a token without an id.
 */
export function template(
  before: readonly (string | undefined)[],
  after: readonly (string | undefined)[],
  join: PairJoin,
  idOf: (token: string) => number | undefined,
): Json {
  const special_tokens: Json = {};
  const known = (tokens: readonly (string | undefined)[]) => tokens.filter((token) => token !== undefined);
  for (const token of known([...before, ...after])) {
    const id = idOf(token);
    if (id === undefined) throw new RangeError(`it has no token ${token}`);
    special_tokens[token] = { id: token, ids: [id], tokens: [token] };
  }
  const pieces = (tokens: readonly (string | undefined)[], type_id: number): Piece[] =>
    known(tokens).map((id) => ({ SpecialToken: { id, type_id } }));
  const text = (id: 'A' | 'B', type_id: number): Piece => ({ Sequence: { id, type_id } });
  const single = [...pieces(before, 0), text('A', 0), ...pieces(after, 0)];
  const second = join === 'typed' || join === 'repeated' ? 1 : 0;
  const between = { typed: [], plain: [], doubled: pieces(after, 0), repeated: pieces(before, second) }[join];
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, ...between, text('B', second), ...pieces(after, second)],
    special_tokens,
  };
}
