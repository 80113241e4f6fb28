interface Props {
  caption: string;
  queries: readonly string[];
  documents: readonly string[];
  scores: readonly (readonly (number | null)[])[];
  best: readonly number[];
}

/** The matrix for those who cannot see colors, or want the numbers as the API gave them. */
export function MatrixTable({ caption, queries, documents, scores, best }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys.
    <section class="matrix-table" tabIndex={0} aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Query</th>
            {documents.map((text, column) => (
              <th key={column} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {queries.map((text, row) => (
            <tr key={row}>
              <th scope="row">{text}</th>
              {documents.map((_, column) => (
                <td key={column} class={best[row] === column ? 'best' : undefined}>
                  <data value={`${scores[row]?.[column] ?? ''}`}>{scores[row]?.[column] ?? '–'}</data>
                  {best[row] === column && <span class="mark"> best</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
