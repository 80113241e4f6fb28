import { collection } from '../collection/collection.ts';
import { openExample } from '../collection/open-example.ts';

/** To come. */
export function SearchSection() {
  const open = collection.value;
  return (
    <>
      <button type="button" onClick={() => void openExample()}>
        Open the example
      </button>
      {open !== null && (
        <p>
          {open.name}: {open.embedded} of {open.texts.length} embedded
        </p>
      )}
    </>
  );
}
