import { useState } from 'preact/hooks';
import { deleteCollection } from '../collection/close-collection.ts';

/** Deletes a collection from the browser, once it was pressed twice. */
export function DeleteButton({ id, name }: { id: string; name: string }) {
  const [isSure, setSure] = useState(false);
  return (
    <button
      type="button"
      class="quiet delete"
      aria-label={isSure ? `Really delete ${name}` : `Delete ${name}`}
      onClick={() => (isSure ? void deleteCollection(id) : setSure(true))}
      onBlur={() => setSure(false)}
    >
      {isSure ? 'Really delete' : 'Delete'}
    </button>
  );
}
