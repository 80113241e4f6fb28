import { setImmediate } from 'node:timers/promises';
import { HotvecError } from '../../errors.ts';
import type { OutputDtype } from '../body/output-dtype.ts';
import { ByteWriter } from './byte-writer.ts';
import { bytesPerNumber, type EncodingFormat, encodeRows, NUMBERS_PER_SLICE, writeRow } from './encode-rows.ts';
import { errorFields } from './error-fields.ts';

/** Field names, index and punctuation of an item, roughly. */
const BYTES_PER_ITEM = 100;

export interface EmbeddingsAnswer {
  /** One an input, in the inputs' order, not yet quantized; or why there is none. */
  vectors: readonly (Float32Array | HotvecError)[];
  format: EncodingFormat;
  dtype: OutputDtype;
  /** Further fields of each item. */
  extras: (index: number) => Record<string, unknown>;
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

/**
 * Writes the answer of `/v1/embeddings`. The event loop is let in every few milliseconds.
 * @returns JSON in chunks.
 */
export async function encodeEmbeddings(answer: EmbeddingsAnswer): Promise<Buffer[]> {
  const { vectors, format, dtype, extras, model, usage } = answer;
  const dimensions = vectors.find((vector) => vector instanceof Float32Array)?.length ?? 0;
  const writer = new ByteWriter((vectors.length + 2) * (dimensions * bytesPerNumber(format) + BYTES_PER_ITEM));
  writer.text('{"object":"list","data":[');
  let written = 0;
  for (const [index, vector] of vectors.entries()) {
    if (index > 0) writer.text(',');
    if (vector instanceof HotvecError) {
      writer.text(JSON.stringify({ object: 'error', index, error: errorFields(vector) }));
      continue;
    }
    const fields = JSON.stringify({ object: 'embedding', index, ...extras(index) }).slice(0, -1);
    writer.text(`${fields},"embedding":`);
    writeRow(writer, vector, format, dtype);
    writer.text('}');
    written += vector.length;
    if (written > NUMBERS_PER_SLICE[format]) {
      written = 0;
      await setImmediate();
    }
  }
  writer.text(`],${JSON.stringify({ model, usage }).slice(1)}`);
  return writer.finish();
}

/** Writes a row-major matrix as nested arrays, in chunks. */
export function encodeMatrix(values: Float32Array, columns: number): Promise<Buffer[]> {
  const rows: Float32Array[] = [];
  for (let start = 0; start < values.length; start += columns) rows.push(values.subarray(start, start + columns));
  return encodeRows(rows);
}
