import { MOST_ROWS, type Table } from './read-table.ts';

/** How the rows of a table become texts. */
export interface ColumnChoice {
  /** Whether the first row has the columns' names; of no effect where they are known. */
  firstRowNames: boolean;
  /** Which column is embedded. */
  textColumn: number;
}

/** Names of all columns: given, or from the first row, or numbers. No two are equal, and none is empty. */
export function columnNames({ names, rows }: Pick<Table, 'names' | 'rows'>, firstRowNames: boolean): string[] {
  const given = names ?? (firstRowNames ? (rows[0] ?? []) : []);
  const width = names?.length ?? rows.reduce((most, row) => Math.max(most, row.length), 0);
  const taken = new Set<string>();
  return Array.from({ length: width }, (_, place) => {
    const name = given[place]?.trim() || `column ${place + 1}`;
    let unique = name;
    for (let times = 2; taken.has(unique); times++) unique = `${name} (${times})`;
    taken.add(unique);
    return unique;
  });
}

/** The rows that are texts, {@link MOST_ROWS} at most, and whether there were more. */
export function textRows({ names, rows, hasMore }: Table, firstRowNames: boolean) {
  const all = names === null && firstRowNames ? rows.slice(1) : rows;
  return { rows: all.slice(0, MOST_ROWS), hasMore: hasMore || all.length > MOST_ROWS };
}

/** The column that most likely holds the texts: the one with the longest cells in the rows that are looked at. */
export function likelyTextColumn(rows: readonly (readonly string[])[]): number {
  const lengths: number[] = [];
  for (const row of rows) {
    for (const [place, cell] of row.entries()) lengths[place] = (lengths[place] ?? 0) + cell.length;
  }
  return Math.max(0, lengths.indexOf(Math.max(...lengths)));
}
