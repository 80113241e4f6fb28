/** Nobody reads more. */
const MOST_SHOWN = 100;

/** Texts that have no vector, each with what the API said of it. */
export function FailedRows({ failed }: { failed: ReadonlyMap<number, string> }) {
  if (failed.size === 0) return null;
  return (
    <details class="failed">
      <summary>
        {failed.size.toLocaleString('en')} {failed.size === 1 ? 'text has' : 'texts have'} no vector
      </summary>
      <ul>
        {[...failed].slice(0, MOST_SHOWN).map(([row, why]) => (
          <li key={row}>
            Text {(row + 1).toLocaleString('en')}: {why}
          </li>
        ))}
      </ul>
      {failed.size > MOST_SHOWN && <p>And {(failed.size - MOST_SHOWN).toLocaleString('en')} more.</p>}
    </details>
  );
}
