import { useState } from 'preact/hooks';

export interface ShownResult {
  row: number;
  text: string;
  /** Other columns of the file. */
  cells: readonly [name: string, value: string][];
  /** In the order that is shown, from 1; null: it has none. */
  rank: number | null;
  /** In the other order, where there are two. */
  otherRank: number | null;
  otherName: string;
  similarity: number;
  /** Of the similarity's bar, 0 to 1. */
  strength: number;
  /** The reranker's score; null: it has none. */
  relevance: number | null;
  /** Why the reranker gave none, in the API's words. */
  failure: string | null;
}

/** A longer text is shown with its beginning, until one asks for the rest. */
const LONG_TEXT = 600;
const CELLS_SHOWN = 5;
const CELL_LENGTH = 60;

/** A text that was found, with its scores and places. */
export function ResultItem({ item }: { item: ShownResult }) {
  const { text, cells, rank, otherRank, otherName, similarity, strength, relevance, failure } = item;
  const [isWhole, setWhole] = useState(text.length <= LONG_TEXT);
  return (
    <li class="result">
      <span class="rank">{rank ?? '–'}</span>
      <div class="scores">
        <span class="score" title="Cosine similarity">
          {similarity.toFixed(3)}
        </span>
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${100 * strength}%` }} />
        </span>
        {relevance !== null && <span class="fact">relevance {relevance.toPrecision(3)}</span>}
        {otherRank !== null && (
          <span class="moved">
            {rank !== null && rank < otherRank ? '▲ ' : rank !== null && rank > otherRank ? '▼ ' : ''}
            {otherName} {otherRank}
          </span>
        )}
      </div>
      <div class="content">
        <p class="text">
          {isWhole ? text : `${text.slice(0, LONG_TEXT)}… `}
          {!isWhole && (
            <button type="button" class="quiet" onClick={() => setWhole(true)}>
              Show all
            </button>
          )}
        </p>
        {cells.length > 0 && (
          <ul class="cells">
            {cells.slice(0, CELLS_SHOWN).map(([name, value]) => (
              <li key={name}>
                <span>{name}</span> {value.length > CELL_LENGTH ? `${value.slice(0, CELL_LENGTH)}…` : value}
              </li>
            ))}
          </ul>
        )}
        <p class="error" hidden={failure === null}>
          {failure}
        </p>
      </div>
    </li>
  );
}
