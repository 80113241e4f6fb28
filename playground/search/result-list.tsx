import { useState } from 'preact/hooks';
import { reranker } from '../api/models.ts';
import { type Collection, collection } from '../collection/collection.ts';
import { CopyAs } from '../copy-as/copy-as.tsx';
import { ErrorMessage } from '../fields/error-message.tsx';
import { isBehind, MOST_RESULTS, results, searchError } from './query.ts';
import { isReranking, rerank, rerankBody, rerankError, reranked } from './rerank.ts';
import { ResultItem, type ShownResult } from './result-item.tsx';

type Order = 'vectors' | 'reranker';

/** What was found, best first, and the same as the reranker orders it. */
export function ResultList() {
  const [order, setOrder] = useState<Order>('reranker');
  const open = collection.value;
  const ranking = reranked.value;
  const shown = ranking?.before ?? results.value;
  if (open === null || shown === null) return null;
  const { found, rows, ms } = shown;
  const items = ranking === null || order === 'vectors' ? byVectors(open) : byReranker(open);
  return (
    <div class="results" data-query={shown.asked.query} aria-busy={isBehind.value}>
      <div class="results-head">
        <p class="fact" role="status">
          The {found.length === 1 ? '' : `${found.length} `}nearest of {rows.toLocaleString('en')}{' '}
          {rows === 1 ? 'text' : 'texts'}, each compared, in {Math.max(1, Math.round(ms))} ms
        </p>
        {isBehind.value && searchError.value === null && <span class="fact">Searching…</span>}
        <a href="#map">See them on the map</a>
        {reranker.value !== null && ranking === null && (
          <button type="button" disabled={isReranking.value || rerankBody.value === null} onClick={() => void rerank()}>
            {isReranking.value ? 'Reranking…' : `Rerank the top ${Math.min(MOST_RESULTS, found.length)}`}
          </button>
        )}
        {ranking !== null && (
          <fieldset class="order">
            <legend>Order by</legend>
            {(['vectors', 'reranker'] as const).map((value) => (
              <label key={value}>
                <input type="radio" name="result-order" checked={order === value} onChange={() => setOrder(value)} />{' '}
                {value === 'vectors' ? `vectors of ${open.model}` : ranking.model}
              </label>
            ))}
          </fieldset>
        )}
      </div>
      <ErrorMessage error={rerankError.value} />
      <ol class="result-items">
        {items.map((item) => (
          <ResultItem key={item.row} item={item} />
        ))}
      </ol>
      {ranking !== null && rerankBody.value !== null && (
        <CopyAs request={{ method: 'POST', route: '/v1/rerank', body: rerankBody.value }} />
      )}
    </div>
  );
}

function byVectors(open: Collection): ShownResult[] {
  const ranking = reranked.value;
  const ranked = new Map(ranking?.order.map(({ row, score }, place) => [row, { rank: place + 1, score }]));
  const found = (ranking?.before ?? results.value)?.found ?? [];
  return found.map(({ row, score }, place) => {
    const other = ranked.get(row);
    return {
      ...contents(open, row),
      rank: place + 1,
      score: similarityText(score),
      strength: strength(score, found),
      other:
        other === undefined ? null : { rank: other.rank, order: 'by the reranker', score: relevanceText(other.score) },
      failure: ranking?.failed.get(row) ?? null,
    };
  });
}

function byReranker(open: Collection): ShownResult[] {
  const ranking = reranked.value;
  if (ranking === null) return [];
  const before = new Map(ranking.before.found.map(({ row, score }, place) => [row, { rank: place + 1, score }]));
  const other = (row: number) => {
    const { rank = 0, score = 0 } = before.get(row) ?? {};
    return { rank, order: 'by vectors', score: similarityText(score) };
  };
  const ranked = ranking.order.map(({ row, score }, place) => ({
    ...contents(open, row),
    rank: place + 1,
    score: relevanceText(score),
    strength: strength(score, ranking.order),
    other: other(row),
    failure: null,
  }));
  const failed = [...ranking.failed].map(([row, failure]) => ({
    ...contents(open, row),
    rank: null,
    score: '–',
    strength: 0,
    other: other(row),
    failure,
  }));
  return [...ranked, ...failed];
}

function similarityText(score: number): string {
  return score.toFixed(3);
}

/** Three digits: relevance may be near 0, or near 1. */
function relevanceText(score: number): string {
  return score.toPrecision(3);
}

function contents({ texts, columns }: Collection, row: number) {
  const cells = Object.entries(columns).map(([name, values]): [string, string] => [name, values[row] ?? '']);
  return { row, text: texts[row] ?? '', cells: cells.filter(([, value]) => value !== '') };
}

/** How long the bar is, of 1: the best of all is whole. */
function strength(score: number, found: readonly { score: number }[]): number {
  const best = found[0]?.score ?? 0;
  return best <= 0 ? 0 : Math.max(0, score / best);
}
