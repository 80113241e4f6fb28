import { ByteWriter } from '../http/answers/byte-writer.ts';
import { cellJson } from './cell-json.ts';
import type { Appender, ResultFormat } from './result-file.ts';
import type { ResultRow, ResultWriterOptions } from './rows.ts';

/** About so many bytes a row, for the first piece of memory. */
const EXPECTED_BYTES = 1 << 18;

/** JSON Lines: an object a row, the vector as an array of numbers, as the API answers it. */
export function jsonLinesFormat(out: Appender, options: ResultWriterOptions): ResultFormat {
  const name = JSON.stringify(options.value.name);
  return {
    async write(rows) {
      const writer = new ByteWriter(EXPECTED_BYTES);
      for (const row of rows) {
        writer.text(`{${rowJson(row, options)},${name}:`);
        if (typeof row.value === 'number') writer.text(JSON.stringify(row.value));
        else if (row.value instanceof Float32Array) writer.array(row.value);
        else writer.integers(row.value);
        writer.text('}\n');
      }
      await out.append(...writer.finish());
    },
    end: async () => {},
  };
}

/** Ids and kept cells of rows, for a file of vectors that holds nothing else. */
export function rowLines(rows: readonly ResultRow[], options: ResultWriterOptions): Buffer {
  return Buffer.from(rows.map((row) => `{${rowJson(row, options)}}\n`).join(''));
}

/** The members of a JSON object that hold a row's id and kept cells: `"id":7,"title":"…"`. */
function rowJson({ id, kept }: Pick<ResultRow, 'id' | 'kept'>, options: ResultWriterOptions): string {
  const cells = [id, ...kept];
  return [options.id, ...options.kept]
    .map(({ name, type }, i) => `${JSON.stringify(name)}:${cellJson(cells[i] ?? null, type)}`)
    .join(',');
}
