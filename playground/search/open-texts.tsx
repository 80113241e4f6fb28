import { useRef } from 'preact/hooks';
import { savedCollections } from '../collection/collection-store.ts';
import { exampleQueries, openExample } from '../collection/open-example.ts';
import { openSaved } from '../collection/open-saved.ts';
import { MOST_ROWS } from '../collection/read-table.ts';
import { acceptedExtensions } from '../collection/table-format.ts';
import { DeleteButton } from './delete-button.tsx';
import { openBy, openFile, openPasted } from './opening.ts';
import { query } from './query.ts';

/** Where texts come from: a file, the clipboard, the example, or what the browser has kept. */
export function OpenTexts({ openId }: { openId: string | null }) {
  const chooser = useRef<HTMLInputElement>(null);
  const pasted = useRef<HTMLTextAreaElement>(null);
  const others = savedCollections.value.filter(({ id }) => id !== openId);
  return (
    <div class="open-texts">
      <div class="drop">
        <p class="drop-words">
          <strong>Drop a file of texts here</strong>
          <span>
            .txt with a text a line, .csv or .jsonl; up to {MOST_ROWS.toLocaleString('en')} rows. It is not uploaded as
            a file: only its texts go to this server, to be embedded.
          </span>
        </p>
        <div class="buttons">
          <button type="button" onClick={() => chooser.current?.click()}>
            Choose a file
          </button>
          <button type="button" class="quiet" onClick={showExample}>
            Open the example
          </button>
        </div>
        <input
          ref={chooser}
          type="file"
          hidden
          accept={acceptedExtensions}
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            if (file !== undefined) void openFile(file);
            // The same file may be chosen again.
            currentTarget.value = '';
          }}
        />
      </div>
      <details class="paste">
        <summary>Paste texts</summary>
        <label for="pasted-texts">Texts, one a line</label>
        <textarea id="pasted-texts" ref={pasted} rows={6} dir="auto" />
        <button type="button" onClick={() => openPasted(pasted.current?.value ?? '')}>
          Embed them
        </button>
      </details>
      {others.length > 0 && (
        <div class="kept">
          <h3>Kept in this browser</h3>
          <ul>
            {others.map((saved) => (
              <li key={saved.id}>
                <button
                  type="button"
                  class="quiet"
                  onClick={() => openBy(`Opening ${saved.name}…`, () => openSaved(saved))}
                >
                  {saved.name}
                </button>
                <span class="fact">
                  {saved.size.toLocaleString('en')} {saved.size === 1 ? 'text' : 'texts'}, {saved.model}
                </span>
                <DeleteButton id={saved.id} name={saved.name} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

async function showExample(): Promise<void> {
  await openBy('Opening the example…', openExample);
  query.value = exampleQueries[0] ?? '';
}
