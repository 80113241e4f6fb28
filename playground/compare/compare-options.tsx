import type { ApiError } from '../api/api-error.ts';
import { isWithoutEmbedder } from '../api/models.ts';
import { ErrorMessage } from '../fields/error-message.tsx';
import { InstructionField } from '../fields/instruction-field.tsx';
import { instruction, type Metric, metric } from './comparison.ts';
import { DimensionsField } from './dimensions-field.tsx';

const METRICS: Record<Metric, string> = {
  cosine: 'cosine',
  dot: 'dot product',
  euclidean: 'Euclidean distance, negative',
  manhattan: 'Manhattan distance, negative',
};

/** What changes the scores of the same texts; of a reranker it is the instruction alone. */
export function CompareOptions({ error }: { error: ApiError | null }) {
  return (
    <div class="options">
      <InstructionField id="compare-instruction" of="the queries" value={instruction} error={error} />
      {!isWithoutEmbedder.value && (
        <>
          <DimensionsField error={error} />
          <div class="field">
            <label for="compare-metric">Metric</label>
            <select
              id="compare-metric"
              value={metric.value}
              onChange={({ currentTarget }) => {
                metric.value = currentTarget.value as Metric;
              }}
            >
              {Object.entries(METRICS).map(([value, name]) => (
                <option key={value} value={value}>
                  {name}
                </option>
              ))}
            </select>
            <ErrorMessage error={error} field="metric" />
          </div>
        </>
      )}
    </div>
  );
}
