import { MAX_BYTES_PER_FLOAT, writeFloat } from './float-writer.ts';
import { MAX_BYTES_PER_INTEGER, writeInteger } from './integer-writer.ts';

/** Bytes of a chunk: large enough that a chunk costs nothing, small enough that the socket takes it at a time. */
const CHUNK_BYTES = 256 * 1024;
const COMMA = 0x2c;
const QUOTE = 0x22;
const OPENING = 0x5b;
const CLOSING = 0x5d;

/** Collects an answer in chunks. Numbers go from memory to bytes without becoming JavaScript strings or objects. */
export class ByteWriter {
  private readonly full: Buffer[] = [];
  private chunk: Buffer;
  private end = 0;

  /** @param expectedBytes what the answer will take, roughly or at most: a small one gets a small chunk. */
  constructor(expectedBytes: number) {
    this.chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, expectedBytes));
  }

  text(text: string): void {
    // A UTF-16 unit becomes three bytes of UTF-8 at most.
    this.reserve(3 * text.length);
    this.end += this.chunk.write(text, this.end);
  }

  /** A JSON number, finite. */
  number(value: number): void {
    this.reserve(MAX_BYTES_PER_FLOAT);
    this.end = writeFloat(this.chunk, this.end, value);
  }

  /** A JSON array of the numbers, finite. */
  array(numbers: Float32Array): void {
    this.reserve(numbers.length * MAX_BYTES_PER_FLOAT + 2);
    const { chunk } = this;
    let { end } = this;
    chunk[end++] = OPENING;
    for (let i = 0; i < numbers.length; i++) {
      if (i > 0) chunk[end++] = COMMA;
      end = writeFloat(chunk, end, numbers[i] as number);
    }
    chunk[end++] = CLOSING;
    this.end = end;
  }

  /** A JSON array of integers. Not one method with the other: a loop over both kinds of numbers is slow for both. */
  integers(numbers: Int8Array | Uint8Array | Int32Array): void {
    this.reserve(numbers.length * MAX_BYTES_PER_INTEGER + 2);
    const { chunk } = this;
    let { end } = this;
    chunk[end++] = OPENING;
    for (let i = 0; i < numbers.length; i++) {
      if (i > 0) chunk[end++] = COMMA;
      end = writeInteger(chunk, end, numbers[i] as number);
    }
    chunk[end++] = CLOSING;
    this.end = end;
  }

  /** A JSON string: the numbers' bytes in base64. Of float32, little-endian, it is what OpenAI's servers send. */
  base64({ buffer, byteOffset, byteLength }: Float32Array | Int8Array | Uint8Array): void {
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
    this.reserve(text.length + 2);
    this.chunk[this.end++] = QUOTE;
    this.end += this.chunk.write(text, this.end, 'latin1');
    this.chunk[this.end++] = QUOTE;
  }

  /** Everything written, in order. */
  finish(): Buffer[] {
    return [...this.full, this.chunk.subarray(0, this.end)];
  }

  private reserve(bytes: number): void {
    if (this.chunk.length - this.end >= bytes) return;
    if (this.end > 0) this.full.push(this.chunk.subarray(0, this.end));
    this.chunk = Buffer.allocUnsafe(Math.max(CHUNK_BYTES, bytes));
    this.end = 0;
  }
}
