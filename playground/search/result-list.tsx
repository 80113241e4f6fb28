import { useState } from 'preact/hooks';
import { reranker } from '../api/models.ts';
import { type Collection, collection } from '../collection/collection.ts';
import { CopyAs } from '../copy-as/copy-as.tsx';
import { ErrorMessage } from '../fields/error-message.tsx';
import { MOST_RESULTS, results } from './query.ts';
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
    <div class="results" data-query={shown.asked.query}>
      <div class="results-head">
        <p class="fact" role="status">
          The {found.length} nearest of {rows.toLocaleString('en')} texts, each compared, in{' '}
          {Math.max(1, Math.round(ms))} ms
        </p>
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
  const ranks = new Map(ranking?.order.map(({ row }, place) => [row, place + 1]));
  const scores = new Map(ranking?.order.map(({ row, score }) => [row, score]));
  const found = (ranking?.before ?? results.value)?.found ?? [];
  return found.map(({ row, score }, place) => ({
    ...contents(open, row),
    rank: place + 1,
    similarity: score,
    strength: strength(score, found),
    otherRank: ranks.get(row) ?? null,
    otherName: 'by the reranker',
    relevance: scores.get(row) ?? null,
    failure: ranking?.failed.get(row) ?? null,
  }));
}

function byReranker(open: Collection): ShownResult[] {
  const ranking = reranked.value;
  if (ranking === null) return [];
  const { found } = ranking.before;
  const before = new Map(found.map(({ row, score }, place) => [row, { rank: place + 1, score }]));
  const ranked = [
    ...ranking.order.map(({ row, score }) => ({ row, score })),
    ...[...ranking.failed.keys()].map((row) => ({ row, score: null })),
  ];
  return ranked.map(({ row, score }, place) => {
    const { rank = 0, score: similarity = 0 } = before.get(row) ?? {};
    return {
      ...contents(open, row),
      rank: score === null ? null : place + 1,
      similarity,
      strength: strength(similarity, found),
      otherRank: rank,
      otherName: 'by vectors',
      relevance: score,
      failure: ranking.failed.get(row) ?? null,
    };
  });
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
