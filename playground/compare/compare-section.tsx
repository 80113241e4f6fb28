import { isWithoutEmbedder } from '../api/models.ts';
import { ErrorMessage } from '../fields/error-message.tsx';
import { CompareOptions } from './compare-options.tsx';
import { similarity } from './comparison.ts';
import { Matrices } from './matrices.tsx';
import { TextListField } from './text-list-field.tsx';
import './compare.css';

/** Fields that show their own errors. */
const FIELDS = [
  'queries',
  'documents',
  'instruction',
  'dimensions',
  'metric',
  'query_input_type',
  'document_input_type',
];

/** Two lists of texts, and the score of every pair: by vectors, and by a reranker where one is served. */
export function CompareSection() {
  const error = similarity.error.value;
  return (
    <div class="compare-section">
      {isWithoutEmbedder.value && (
        <p>This server has no embedding model, so no vectors: its reranker scores the pairs.</p>
      )}
      <div class="sides">
        <TextListField side="queries" title="Queries" error={error} />
        <TextListField side="documents" title="Documents" error={error} />
      </div>
      <CompareOptions error={error} />
      <ErrorMessage error={error} elsewhere={FIELDS} />
      <Matrices />
    </div>
  );
}
