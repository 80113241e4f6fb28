import { computed, signal } from '@preact/signals';
import type { ApiError } from '../api/api-error.ts';
import { embedder } from '../api/models.ts';
import { CopyAs } from '../copy-as/copy-as.tsx';
import { ErrorMessage } from '../fields/error-message.tsx';
import { bestColumns, disagreements } from './best-matches.ts';
import { lines, similarity, similarityBody } from './comparison.ts';
import { type CellPlace, Heatmap } from './heatmap.tsx';
import { MatrixTable } from './matrix-table.tsx';
import { PairReadout } from './pair-readout.tsx';
import { failedQuery, needsWord, rerankAll, rerankBody, rerankError, rerankedTexts, reranking } from './reranking.ts';
import { lineOfParam } from './text-lines.ts';

const selected = signal<CellPlace | null>(null);
const isTableOpen = signal(false);
/** More of them need the whole width of the page. */
const MANY_COLUMNS = 24;

/** What the vectors say, with the texts that it was said of. */
const vectorMatrix = computed(() => {
  const { latest } = similarity;
  if (latest.value === null) return null;
  const { body, answer } = latest.value;
  const [queries, documents] = [body.queries as string[], body.documents as string[]];
  return {
    queries,
    documents,
    scores: answer.scores,
    best: bestColumns(answer.scores),
    metric: body.metric ?? 'cosine',
  };
});

/** The texts whose pairs are shown: those that have vectors; where no model makes any, those that a reranker reads. */
const shownTexts = computed(() => (embedder.value === null ? rerankedTexts.value : vectorMatrix.value));

/** What the reranker says of the same texts; null: nothing yet. */
const rerankedMatrix = computed(() => {
  const ranked = reranking.value;
  const shown = shownTexts.value;
  if (ranked === null || shown === null) return null;
  const { queries, documents } = ranked.texts;
  const isSame = isEqual(queries, shown.queries) && isEqual(documents, shown.documents);
  if (!isSame) return null;
  return { ...ranked, best: bestColumns(ranked.scores), isWhole: ranked.done === queries.length };
});

function isEqual(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** The scores as heatmaps, the pair that is pointed at, and the same as tables. */
export function Matrices() {
  const vectors = vectorMatrix.value;
  const shown = shownTexts.value;
  if (shown === null) return <p class="empty">Write a query and a document to see how close they are.</p>;
  const { queries, documents } = shown;
  const ranked = rerankedMatrix.value;
  const select = (place: CellPlace | null) => {
    const before = selected.peek();
    if (place?.row !== before?.row || place?.column !== before?.column) selected.value = place;
  };
  const shared = { queries, documents, selected: selected.value, onSelect: select };
  const body = similarityBody.value;
  const texts = rerankedTexts.value;
  return (
    <>
      <div class="scores">
        <div
          class={documents.length > MANY_COLUMNS ? 'heatmaps wide' : 'heatmaps'}
          aria-busy={similarity.isBehind.value}
        >
          {vectors !== null && (
            <Heatmap
              {...shared}
              title="By vectors"
              unit={vectors.metric}
              scores={vectors.scores}
              best={vectors.best}
              otherBest={ranked?.isWhole === true ? ranked.best : null}
            />
          )}
          {texts !== null && (
            <div class="by-reranker">
              {ranked !== null && (
                <Heatmap
                  {...shared}
                  title="By the reranker"
                  unit="relevance"
                  scores={ranked.scores}
                  best={ranked.best}
                  otherBest={ranked.isWhole && vectors !== null ? vectors.best : null}
                />
              )}
              <RerankState />
            </div>
          )}
        </div>
        {ranked?.isWhole === true && vectors !== null && <Agreement best={vectors.best} ranked={ranked.best} />}
        <PairReadout
          selected={selected.value}
          queries={queries}
          documents={documents}
          matrices={[
            ...(vectors === null ? [] : [{ unit: vectors.metric, scores: vectors.scores }]),
            ...(ranked === null ? [] : [{ unit: 'reranker', scores: ranked.scores }]),
          ]}
        />
      </div>
      <details
        onToggle={({ currentTarget }) => {
          isTableOpen.value = currentTarget.open;
        }}
      >
        <summary>The same as a table</summary>
        {isTableOpen.value && (
          <>
            {vectors !== null && (
              <MatrixTable
                caption={`Scores by vectors: ${vectors.metric}`}
                {...{ queries, documents }}
                scores={vectors.scores}
                best={vectors.best}
              />
            )}
            {ranked !== null && (
              <MatrixTable
                caption="Scores by the reranker"
                {...{ queries, documents }}
                scores={ranked.scores}
                best={ranked.best}
              />
            )}
          </>
        )}
      </details>
      <div class="copies">
        {vectors !== null && (
          <CopyAs request={body === null ? null : { method: 'POST', route: '/v1/similarity', body }} />
        )}
        {texts !== null && <CopyRerank row={Math.min(selected.value?.row ?? 0, texts.queries.length - 1)} />}
      </div>
    </>
  );
}

/** How far the reranker is; it scores many pairs only when asked to. */
function RerankState() {
  const texts = rerankedTexts.value;
  if (texts === null) return null;
  const pairs = texts.queries.length * texts.documents.length;
  const done = reranking.value?.texts === texts ? reranking.value.done : 0;
  return (
    <>
      <ErrorMessage error={rerankError.value} />
      {rerankError.value !== null && <p class="fact">{linesOf(rerankError.value)}</p>}
      {needsWord.value ? (
        <p>
          <button type="button" onClick={rerankAll}>
            Score {pairs.toLocaleString('en-US')} pairs with {texts.model}
          </button>
        </p>
      ) : (
        done < texts.queries.length &&
        rerankError.value === null && (
          <p class="fact">
            The reranker reads the pairs:{' '}
            <progress value={done} max={texts.queries.length} aria-label="Progress of the reranker" /> {done} of{' '}
            {texts.queries.length} queries
          </p>
        )
      )}
    </>
  );
}

/** A pair has a line in each list; an error of all of them names neither. */
function linesOf({ param }: ApiError): string {
  const document = lineOfParam(param, lines.documents.value);
  const query = lines.queries.value.lineNumbers[failedQuery.value];
  if (param === 'query') return `That is line ${query} of the queries.`;
  return document === null ? '' : `That is line ${document} of the documents, with line ${query} of the queries.`;
}

/** Where a model that reads query and document together sees another best match than the vectors do. */
function Agreement({ best, ranked }: { best: readonly number[]; ranked: readonly number[] }) {
  const rows = disagreements(best, ranked);
  return (
    <p class="agreement">
      {rows.length === 0 ? (
        <>Vectors and reranker choose the same best document for {best.length === 1 ? 'the query' : 'every query'}.</>
      ) : (
        <>
          For {best.length === 1 ? 'the query' : `${rows.length} of ${best.length} queries`} the reranker chooses
          another best document: rows with <b>≠</b>. A dashed frame is the other one's choice.
        </>
      )}
    </p>
  );
}

/** A request of the reranker has one query: that of the chosen pair. */
function CopyRerank({ row }: { row: number }) {
  const texts = rerankedTexts.value;
  if (texts === null) return null;
  return (
    <div class="copy-rerank">
      <span class="fact">Reranker, query {row + 1}:</span>
      <CopyAs request={{ method: 'POST', route: '/v1/rerank', body: rerankBody(texts, row) }} />
    </div>
  );
}
