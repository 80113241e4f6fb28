import { useState } from 'preact/hooks';

export interface ShownResult {
  row: number;
  text: string;
  /** Other columns of the file. */
  cells: readonly [name: string, value: string][];
  /** In the order that is shown, from 1; null: it has none. */
  rank: number | null;
  /** In that order. */
  score: string;
  /** Of the score's bar, 0 to 1. */
  strength: number;
  /** What the other order says of it, where there is one. */
  other: { rank: number; order: string; score: string } | null;
  /** Why the reranker gave no score, in the API's words. */
  failure: string | null;
}

/** A longer text is shown with its beginning, until one asks for the rest. */
const LONG_TEXT = 600;
const CELLS_SHOWN = 5;
const CELL_LENGTH = 60;

/** A text that was found, with its scores and places. */
export function ResultItem({ item }: { item: ShownResult }) {
  const { text, cells, rank, score, strength, other, failure } = item;
  const [isWhole, setWhole] = useState(text.length <= LONG_TEXT);
  return (
    <li class="result">
      <span class="rank">{rank ?? '–'}</span>
      <div class="scores">
        <span class="score">{score}</span>
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${100 * strength}%` }} />
        </span>
        {other !== null && (
          <span class="moved fact">
            {arrow(rank, other.rank)} {other.rank} {other.order}, {other.score}
          </span>
        )}
      </div>
      <div class="content">
        <p class="text" dir="auto">
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

/** Whether it is further up here than in the other order. */
function arrow(rank: number | null, otherRank: number): string {
  if (rank === null) return '';
  if (rank === otherRank) return '=';
  return rank < otherRank ? '▲' : '▼';
}
