import { useEffect, useRef, useState } from 'preact/hooks';
import type { OpenFile } from '../collection/read-file.ts';
import { MOST_ROWS } from '../collection/read-table.ts';
import { columnNames } from '../collection/table-columns.ts';
import { closeChoice, openChosen } from './opening.ts';

/** Rows that are shown of a file. */
const ROWS_SHOWN = 4;

/** Asks which column of a file has the texts, and shows how it begins. */
export function ColumnChoice({ file }: { file: OpenFile }) {
  const { beginning } = file;
  const [firstRowNames, setFirstRowNames] = useState(beginning.names === null && beginning.count > 1);
  const [textColumn, setTextColumn] = useState(beginning.likelyTextColumn);
  const column = useRef<HTMLSelectElement>(null);
  useEffect(() => column.current?.focus(), []);
  const names = columnNames(beginning, firstRowNames);
  const rows = beginning.rows.slice(firstRowNames ? 1 : 0).slice(0, ROWS_SHOWN);
  const count = Math.min(MOST_ROWS, beginning.count - (firstRowNames ? 1 : 0));
  const submit = (event: Event) => {
    event.preventDefault();
    void openChosen(file, { firstRowNames, textColumn });
  };
  return (
    <form class="column-choice" onSubmit={submit} aria-label={`What to embed of ${file.name}`}>
      <h3>{file.name}</h3>
      <div class="choices">
        <label>
          {beginning.names === null ? 'Column' : 'Field'} of the texts{' '}
          <select
            ref={column}
            value={textColumn}
            onChange={({ currentTarget }) => setTextColumn(Number(currentTarget.value))}
          >
            {names.map((name, place) => (
              <option key={name} value={place}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {beginning.names === null && (
          <label>
            <input
              type="checkbox"
              checked={firstRowNames}
              onChange={({ currentTarget }) => setFirstRowNames(currentTarget.checked)}
            />{' '}
            The first row names the columns
          </label>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard. */}
      <section class="beginning" tabIndex={0} aria-label="How the file begins">
        <table>
          <thead>
            <tr>
              {names.map((name, place) => (
                <th key={name} scope="col" class={place === textColumn ? 'chosen' : ''}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, place) => (
              <tr key={place}>
                {names.map((name, cell) => (
                  <td key={name} class={cell === textColumn ? 'chosen' : ''}>
                    {row[cell] ?? ''}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <div class="buttons">
        <button type="submit">
          Embed {count.toLocaleString('en')} {count === 1 ? 'text' : 'texts'}
        </button>
        <button type="button" class="quiet" onClick={closeChoice}>
          Leave it
        </button>
      </div>
    </form>
  );
}
