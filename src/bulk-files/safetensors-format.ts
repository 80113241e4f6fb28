import { elementsOf } from './elements.ts';
import { rowLines } from './json-lines-format.ts';
import type { ResultFile, ResultFormat } from './result-file.ts';
import type { ResultWriterOptions } from './rows.ts';

const TENSOR = { embedding: 'embeddings', score: 'scores' } as const;
/** The tensor of ids and kept columns: the bytes of JSON Lines. */
const ROWS_TENSOR = 'rows';
/** Tensors begin where a vector register may load from. */
const ALIGNMENT = 64;

/**
 * safetensors (https://github.com/huggingface/safetensors#format): a tensor `embeddings` (or `scores`), and ids and kept
 * columns as JSON Lines in a tensor of bytes, `rows`. Both grow at the same time; the header is written when their sizes are
 * known.
 */
export function safetensorsFormat(file: ResultFile, options: ResultWriterOptions): ResultFormat {
  const { shape, bytesPerRow, safetensors: dtype, bytesOf } = elementsOf(options);
  const end = options.count * bytesPerRow;
  const headerOf = (rowsBytes: number, bytes?: number): Buffer => {
    const json = JSON.stringify({
      __metadata__: options.metadata,
      [TENSOR[options.value.name]]: { dtype, shape, data_offsets: [0, end] },
      [ROWS_TENSOR]: { dtype: 'U8', shape: [rowsBytes], data_offsets: [end, end + rowsBytes] },
    });
    const size = bytes ?? Math.ceil((8 + Buffer.byteLength(json)) / ALIGNMENT) * ALIGNMENT;
    const header = Buffer.alloc(size, ' ');
    header.writeBigUInt64LE(BigInt(size - 8));
    header.write(json, 8);
    return header;
  };
  // Room for the longest sizes.
  const headerBytes = headerOf(Number.MAX_SAFE_INTEGER - end).length;
  const header = file.appendAt(0);
  const values = file.appendAt(headerBytes);
  const rowsStart = headerBytes + end;
  const lines = file.appendAt(rowsStart);
  return {
    async write(rows) {
      await values.append(...rows.map(({ value }) => bytesOf(value)));
      await lines.append(rowLines(rows, options));
    },
    end: () => header.append(headerOf(lines.position() - rowsStart, headerBytes)),
  };
}
