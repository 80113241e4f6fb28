import { brokenRow, checkColumns, type FileRow, type FileRows, type WantedColumns } from './file-rows.ts';
import type { Input } from './find-inputs.ts';
import { readHead } from './read-bytes.ts';
import { readLines } from './read-lines.ts';

/** The one column that a file of lines has. */
const COLUMN = 'text';

/**
 * A `.txt` file: a text a line. An empty line is an empty text.
 * @throws {StartError} for a file that cannot be read or is no text, and for other columns than `text`.
 */
export async function openLines(input: Input, wanted: WantedColumns): Promise<FileRows> {
  checkColumns(input, wanted, { names: [COLUMN] });
  await readHead(input);
  const { textColumns, idColumn, keep } = wanted;
  return {
    count: null,
    idType: 'string',
    columnTypes: async () => ({ id: idColumn === null ? null : 'string', kept: keep.map(() => 'string') }),
    async *rows(skip, progress) {
      let number = 0;
      for await (const lines of readLines(input, progress)) {
        const passed = Math.min(skip.left, lines.length);
        skip.left -= passed;
        const rows = lines.slice(passed).map((line, i): FileRow => {
          const place = `${input.name}, line ${number + passed + i + 1}`;
          if (line === null) return brokenRow(place, 'it is not valid UTF-8', wanted);
          const id = idColumn === null ? null : line;
          return { place, id, kept: keep.map(() => line), texts: textColumns.map(() => line), problem: null };
        });
        number += lines.length;
        if (rows.length > 0) yield rows;
      }
    },
  };
}
