import { type Elements, elementsOf } from './elements.ts';
import { rowLines } from './json-lines-format.ts';
import type { Appender, ResultFormat } from './result-file.ts';
import type { ResultWriterOptions } from './rows.ts';

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0 */
const MAGIC = '\x93NUMPY\x01\x00';
const ALIGNMENT = 64;

/**
 * NumPy's format: one array, rows × numbers, or rows alone for scores. It holds nothing else: ids and kept columns go to a
 * file beside, JSON Lines in the same order.
 */
export function npyFormat(out: Appender, beside: Appender, options: ResultWriterOptions): ResultFormat {
  const elements = elementsOf(options);
  let isBegun = false;
  const begin = async () => {
    if (!isBegun) await out.append(headerOf(elements));
    isBegun = true;
  };
  return {
    async write(rows) {
      await begin();
      await out.append(...rows.map(({ value }) => elements.bytesOf(value)));
      await beside.append(rowLines(rows, options));
    },
    end: begin,
  };
}

/** The file of ids and kept columns beside `vectors.npy`: `vectors.rows.jsonl`. */
export function rowsFileOf(output: string): string {
  return `${output.replace(/\.npy$/i, '')}.rows.jsonl`;
}

function headerOf({ shape, numpy }: Elements): Buffer {
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const text = `{'descr': '${numpy}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const used = MAGIC.length + 2 + text.length + 1;
  const padded = `${text}${' '.repeat(Math.ceil(used / ALIGNMENT) * ALIGNMENT - used)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([Buffer.from(MAGIC, 'latin1'), length, Buffer.from(padded, 'latin1')]);
}
