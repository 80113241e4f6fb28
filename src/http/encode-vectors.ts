import { setImmediate } from 'node:timers/promises';
import { MAX_BYTES_PER_FLOAT, writeFloat } from './float-writer.ts';

export type EncodingFormat = 'float' | 'base64';

/** Numbers written between two yields: a few milliseconds. */
const FLOATS_PER_SLICE = 100_000;
const BASE64_FLOATS_PER_SLICE = 2_000_000;
const COMMA = 0x2c;

/**
 * Writes the answer of `/v1/embeddings`. The vectors go from memory to bytes without becoming JavaScript strings or
 * objects, and the event loop is let in every few milliseconds.
 *
 * @param extras further fields of each item, in the item's order.
 */
export async function encodeEmbeddings(
  vectors: readonly Float32Array[],
  format: EncodingFormat,
  extras: (index: number) => Record<string, unknown>,
  tail: { model: string; usage: { prompt_tokens: number; total_tokens: number } },
): Promise<Buffer[]> {
  const chunks: Buffer[] = [Buffer.from('{"object":"list","data":[')];
  const floatsPerSlice = format === 'float' ? FLOATS_PER_SLICE : BASE64_FLOATS_PER_SLICE;
  let written = 0;
  for (const [index, vector] of vectors.entries()) {
    const fields = JSON.stringify({ object: 'embedding', index, ...extras(index) }).slice(0, -1);
    const start = `${index === 0 ? '' : ','}${fields},"embedding":`;
    if (format === 'base64') chunks.push(Buffer.from(`${start}"${toBase64(vector)}"}`));
    else chunks.push(Buffer.from(start), writeArray(vector), Buffer.from('}'));
    written += vector.length;
    if (written > floatsPerSlice) {
      written = 0;
      await setImmediate();
    }
  }
  chunks.push(Buffer.from(`],${JSON.stringify({ model: tail.model, usage: tail.usage }).slice(1)}`));
  return chunks;
}

/** Writes a row-major matrix as nested arrays. */
export async function encodeMatrix(values: Float32Array, columns: number): Promise<Buffer[]> {
  const chunks: Buffer[] = [Buffer.from('[')];
  let written = 0;
  for (let start = 0; start < values.length; start += columns) {
    if (start > 0) chunks.push(Buffer.from(','));
    chunks.push(writeArray(values.subarray(start, start + columns)));
    written += columns;
    if (written > FLOATS_PER_SLICE) {
      written = 0;
      await setImmediate();
    }
  }
  chunks.push(Buffer.from(']'));
  return chunks;
}

/** Little-endian float32, as OpenAI's servers send it. */
function toBase64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}

/** Written into here, then copied out: a buffer sized for the longest text would stay twice as large as what it holds. */
let scratch = Buffer.alloc(0);

function writeArray(vector: Float32Array): Buffer {
  const longest = vector.length * MAX_BYTES_PER_FLOAT + 2;
  if (scratch.length < longest) scratch = Buffer.alloc(longest);
  let offset = 0;
  scratch[offset++] = 0x5b;
  for (let i = 0; i < vector.length; i++) {
    if (i > 0) scratch[offset++] = COMMA;
    offset = writeFloat(scratch, offset, vector[i] as number);
  }
  scratch[offset++] = 0x5d;
  return Buffer.from(scratch.subarray(0, offset));
}
