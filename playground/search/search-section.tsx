import { useEffect, useState } from 'preact/hooks';
import { isWithoutEmbedder } from '../api/models.ts';
import { collection } from '../collection/collection.ts';
import { openLast } from '../collection/open-saved.ts';
import { WITHOUT_EMBEDDER } from '../collection/ready-embedder.ts';
import { CollectionCard } from './collection-card.tsx';
import { ColumnChoice } from './column-choice.tsx';
import { OpenTexts } from './open-texts.tsx';
import { openFile, opening, openingProblem, showOpening, toChooseFrom } from './opening.ts';
import { QueryForm } from './query-form.tsx';
import { ResultList } from './result-list.tsx';
import './search.css';

/** One's own texts: opened, embedded, searched, ranked and saved. */
export function SearchSection() {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    void showOpening('Opening what was open last…', openLast);
  }, []);
  const open = collection.value;
  const file = toChooseFrom.value;
  const drop = (event: DragEvent) => {
    const dropped = event.dataTransfer?.files[0];
    setOver(false);
    if (dropped === undefined) return;
    event.preventDefault();
    void openFile(dropped);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping a file is a way beside the button that opens it.
    <div
      class={isOver ? 'search-section over' : 'search-section'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {isWithoutEmbedder.value && openingProblem.value === null && <p class="notice">{WITHOUT_EMBEDDER}</p>}
      <p class="error" role="alert" hidden={openingProblem.value === null}>
        {openingProblem.value}
      </p>
      <p class="notice" role="status" hidden={opening.value === null}>
        {opening.value}
      </p>
      {file !== null && <ColumnChoice key={file.name} file={file} />}
      <CollectionCard />
      <QueryForm />
      <ResultList />
      {open === null ? (
        file === null && <OpenTexts openId={null} />
      ) : (
        <details class="open-others">
          <summary>Open other texts</summary>
          <OpenTexts openId={open.id} />
        </details>
      )}
    </div>
  );
}
