import { setImmediate } from 'node:timers/promises';
import type { HotvecError } from '../../errors.ts';
import type { OutputDtype } from '../body/output-dtype.ts';
import { ByteWriter } from './byte-writer.ts';
import { bytesPerNumber, type EncodingFormat, encodeRows, NUMBERS_PER_SLICE, writeRow } from './encode-rows.ts';
import { errorFields } from './error-table.ts';

/** Field names, index and punctuation of an item, roughly. */
const BYTES_PER_ITEM = 100;

export interface EmbeddingsAnswer {
  /** One per input that has not failed, in input order, not yet quantized. */
  vectors: readonly Float32Array[];
  /** Why the others have none, by their place among the inputs; it is answered in that place. */
  failures: ReadonlyMap<number, HotvecError>;
  format: EncodingFormat;
  dtype: OutputDtype;
  /** Further fields of each vector. */
  extras: (at: number) => Record<string, unknown>;
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

/**
 * Writes the answer of `/v1/embeddings`. The event loop is let in every few milliseconds.
 * @returns JSON in chunks.
 */
export async function encodeEmbeddings(answer: EmbeddingsAnswer): Promise<Buffer[]> {
  const { vectors, failures, format, dtype, extras, model, usage } = answer;
  const dimensions = vectors[0]?.length ?? 0;
  const inputs = vectors.length + failures.size;
  const writer = new ByteWriter((inputs + 2) * (dimensions * bytesPerNumber(format) + BYTES_PER_ITEM));
  writer.text('{"object":"list","data":[');
  let written = 0;
  for (let index = 0, at = 0; index < inputs; index++) {
    if (index > 0) writer.text(',');
    const failure = failures.get(index);
    if (failure !== undefined) {
      writer.text(JSON.stringify({ object: 'error', index, error: errorFields(failure) }));
      continue;
    }
    const vector = vectors[at] as Float32Array;
    const fields = JSON.stringify({ object: 'embedding', index, ...extras(at) }).slice(0, -1);
    at += 1;
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
