import { useMemo, useState } from 'preact/hooks';
import { coloring } from './coloring/color-by.ts';
import type { Coloring } from './coloring/coloring.ts';
import { mapped, textOf } from './map-state.ts';
import { TextButton } from './text-button.tsx';

const PER_PAGE = 50;

/** Everything that is on the map, as a table: to be read, searched and chosen from without seeing it. */
export function AllTexts() {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="map-texts" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>All texts of the map as a table</summary>
      {isOpen && <TextTable />}
    </details>
  );
}

function TextTable() {
  const texts = mapped.value;
  const [part, setPart] = useState('');
  const [page, setPage] = useState(0);
  const found = useMemo(() => {
    const points = Array.from(texts?.rows ?? [], (_, point) => point);
    const wanted = part.trim().toLowerCase();
    if (texts === null || wanted === '') return points;
    return points.filter((point) => textOf(texts, point).toLowerCase().includes(wanted));
  }, [texts, part]);
  if (texts === null) return null;
  const pages = Math.max(1, Math.ceil(found.length / PER_PAGE));
  const at = Math.min(page, pages - 1);
  const now = coloring.value;
  return (
    <>
      <div class="table-controls">
        <label>
          Containing{' '}
          <input
            type="search"
            value={part}
            onInput={({ currentTarget }) => {
              setPart(currentTarget.value);
              setPage(0);
            }}
          />
        </label>
        <span role="status">
          {found.length.toLocaleString('en')} texts, page {at + 1} of {pages}
        </span>
        <button type="button" class="quiet" disabled={at === 0} onClick={() => setPage(at - 1)}>
          Previous page
        </button>
        <button type="button" class="quiet" disabled={at === pages - 1} onClick={() => setPage(at + 1)}>
          Next page
        </button>
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">No.</th>
            <th scope="col">Text</th>
            {now.kind !== 'uncolored' && <th scope="col">{now.title}</th>}
          </tr>
        </thead>
        <tbody>
          {found.slice(at * PER_PAGE, (at + 1) * PER_PAGE).map((point) => (
            <tr key={point}>
              <td>{((texts.rows[point] as number) + 1).toLocaleString('en')}</td>
              <td>
                <TextButton point={point} />
              </td>
              {now.kind !== 'uncolored' && <td>{meaning(now, point)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** What the color of a point says. */
function meaning(coloring: Coloring, point: number): string {
  if (coloring.kind === 'uncolored') return '';
  if (coloring.kind === 'groups') return (coloring.groups[coloring.groupOf[point] as number] ?? coloring.rest).name;
  const value = coloring.values[point] as number;
  return Number.isNaN(value) ? 'no value' : value.toLocaleString('en');
}
