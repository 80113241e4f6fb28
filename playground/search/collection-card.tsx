import { useState } from 'preact/hooks';
import { embedder } from '../api/models.ts';
import { type Collection, collection } from '../collection/collection.ts';
import { notKept } from '../collection/collection-store.ts';
import { embedding } from '../collection/embedding-job.ts';
import { embedWith } from '../collection/open-saved.ts';
import { saveFile } from '../save-file.ts';
import { DeleteButton } from './delete-button.tsx';
import { EmbeddingProgress } from './embedding-progress.tsx';
import type { ExportFormat } from './export/export.worker.ts';
import { exportCollection } from './export/export-collection.ts';
import { FailedRows } from './failed-rows.tsx';
import { leftOut, openBy } from './opening.ts';
import { searchedModel } from './query.ts';

/** What is open: how far it is, whether it is kept, and what can be done with it as a whole. */
export function CollectionCard() {
  const open = collection.value;
  if (open === null) return null;
  const { id, name, texts, model, dimensions, embedded } = open;
  return (
    <section class="card" aria-label="The open texts">
      <div class="card-head">
        <h3>{name}</h3>
        <p class="fact">
          {texts.length.toLocaleString('en')} {texts.length === 1 ? 'text' : 'texts'} · {model} · {dimensions}{' '}
          dimensions
        </p>
        <div class="buttons">
          <ExportButtons open={open} />
          <DeleteButton id={id} name={name} />
        </div>
      </div>
      {leftOut.value !== null && <p class="notice">{leftOut.value}</p>}
      {notKept.value !== null && (
        <p class="notice" role="status">
          {notKept.value} These vectors are in memory, until the tab is closed.
        </p>
      )}
      <ModelNotice open={open} />
      {(embedded < texts.length || embedding.value.error !== null) && <EmbeddingProgress open={open} />}
      <FailedRows failed={open.failed} />
    </section>
  );
}

/** Says so where the vectors are not of the model that is chosen, or of none that is served. */
function ModelNotice({ open }: { open: Collection }) {
  const chosen = embedder.value;
  if (chosen === null || typeof chosen.fingerprint !== 'string' || chosen.fingerprint === open.fingerprint) return null;
  const { id: model, fingerprint, dimensions = 0 } = chosen;
  const again = () => openBy(`Opening the vectors of ${model}…`, () => embedWith({ model, fingerprint, dimensions }));
  return (
    <div class="notice" role="status">
      {searchedModel.value === null ? (
        <p>
          <strong>The model has changed.</strong> These vectors are of {open.model} with the fingerprint{' '}
          <code>{open.fingerprint}</code>, which is no longer served. The server now has {model} (
          <code>{fingerprint}</code>), and vectors of two models cannot be compared.
        </p>
      ) : (
        <p>
          These vectors are of {open.model}, and are searched with it; {model} is chosen above.
        </p>
      )}
      <button type="button" onClick={again}>
        Start again with {model}
      </button>
    </div>
  );
}

function ExportButtons({ open }: { open: Collection }) {
  const [busy, setBusy] = useState<ExportFormat | null>(null);
  const [problem, setProblem] = useState('');
  const save = async (format: ExportFormat) => {
    setBusy(format);
    setProblem('');
    try {
      saveFile(await exportCollection(open, format), `${open.name.replace(/\.[^.]*$/, '')}.${format}`);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(null);
  };
  const button = (format: ExportFormat, title: string) => (
    <button
      type="button"
      class="quiet"
      disabled={open.embedded === 0 || busy !== null}
      onClick={() => save(format)}
      aria-label={`Save texts and vectors as ${title}`}
    >
      {busy === format ? 'Writing…' : title}
    </button>
  );
  return (
    <>
      <span class="fact">Save as</span>
      {button('jsonl', 'JSONL')}
      {button('parquet', 'Parquet')}
      <p class="error" role="alert" hidden={problem === ''}>
        {problem}
      </p>
    </>
  );
}
