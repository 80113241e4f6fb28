import { rankIn } from './best-matches.ts';
import { formatScore } from './format-score.ts';
import type { CellPlace } from './heatmap.tsx';

export interface ReadMatrix {
  /** What the scores are. */
  unit: string;
  scores: readonly (readonly (number | null)[])[];
}

interface Props {
  selected: CellPlace | null;
  queries: readonly string[];
  documents: readonly string[];
  matrices: readonly ReadMatrix[];
}

/** Both texts of a pair, its scores, and its place among those of its query. */
export function PairReadout({ selected, queries, documents, matrices }: Props) {
  const query = selected === null ? undefined : queries[selected.row];
  const document = selected === null ? undefined : documents[selected.column];
  if (selected === null || query === undefined || document === undefined) {
    return (
      <p class="readout empty">Point at a pair, or choose one with the arrow keys, to see its texts and scores.</p>
    );
  }
  const { row, column } = selected;
  return (
    <div class="readout" role="status">
      <dl>
        <dt>Query {row + 1}</dt>
        <dd>{query}</dd>
        <dt>Document {column + 1}</dt>
        <dd>{document}</dd>
      </dl>
      <dl>
        {matrices.map(({ unit, scores }) => (
          <Score key={unit} unit={unit} row={scores[row] ?? []} column={column} />
        ))}
      </dl>
    </div>
  );
}

function Score({ unit, row, column }: { unit: string; row: readonly (number | null)[]; column: number }) {
  const score = row[column] ?? null;
  return (
    <>
      <dt>{unit}</dt>
      <dd>
        {score === null ? (
          'not scored'
        ) : (
          <>
            <strong>{formatScore(score)}</strong>, place {rankIn(row, column)} of {row.length}
          </>
        )}
      </dd>
    </>
  );
}
