import type { ShownPart } from './shown-tokens.ts';
import { visibleText } from './visible-text.ts';

/** More rows are no pleasure to read. */
const MOST_ROWS = 500;

/** The tokens for those who want the numbers, or cannot see colors. */
export function TokenTable({ parts }: { parts: readonly ShownPart[] }) {
  const rows = parts
    .slice(0, MOST_ROWS)
    .flatMap(({ pieces, kind, index }) => pieces.map((piece, i) => ({ ...piece, kind, index: index + i })));
  const isCut = parts.length > MOST_ROWS;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
    <section class="token-table" tabIndex={0} aria-label="Tokens as a table">
      <table>
        <caption>Tokens{isCut ? `, the first ${rows.length}` : ''}</caption>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Token</th>
            <th scope="col">Id</th>
            <th scope="col">Characters</th>
            <th scope="col">Part of</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ id, text, start, stop, kind, index }) => (
            <tr key={index}>
              <th scope="row">{index + 1}</th>
              <td>
                <code>{visibleText(text)}</code>
              </td>
              <td>{id}</td>
              <td>{start === null ? '–' : `${start} to ${stop}`}</td>
              <td>{kind === 'special' ? 'tokenizer' : kind}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
