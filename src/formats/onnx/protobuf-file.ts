import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * One field of a protobuf message. Scalars carry `value`; texts, bytes and messages are at [start, end) of the file.
 */
export interface ProtobufField {
  number: number;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  wireType: number;
  value: number;
  start: number;
  end: number;
}

const WINDOW_BYTES = 1 << 16;
const CHUNK_BYTES = 1 << 20;

/**
 * Reads a protobuf file in place: what is skipped is never read, so that a graph with gigabytes of weights inside costs
 * a few kilobytes. Source: https://protobuf.dev/programming-guides/encoding/
 */
export class ProtobufFile {
  readonly file: string;
  readonly size: number;
  private readonly descriptor: number;
  private readonly window = Buffer.alloc(WINDOW_BYTES);
  private windowStart = 0;
  private windowEnd = 0;

  constructor(file: string) {
    this.file = file;
    this.descriptor = openSync(file, 'r');
    this.size = fstatSync(this.descriptor).size;
  }

  close(): void {
    closeSync(this.descriptor);
  }

  /**
   * The fields of the message at [start, end).
   * @throws {RangeError} if the bytes are not a message.
   */
  *fields(start = 0, end = this.size): Generator<ProtobufField> {
    let position = start;
    const varint = (): number => {
      let value = 0;
      // Powers, not shifts: lengths pass 2^31. Ten bytes at most.
      for (let factor = 1; factor <= 2 ** 63; factor *= 128) {
        const byte = this.byte(position++);
        value += (byte & 127) * factor;
        if (byte < 128) return value;
      }
      throw new RangeError(`no varint at byte ${position}`);
    };
    while (position < end) {
      const tag = varint();
      const wireType = tag % 8;
      const number = Math.floor(tag / 8);
      const value = wireType === 0 || wireType === 2 ? varint() : 0;
      const length = { 0: 0, 1: 8, 2: value, 5: 4 }[wireType];
      if (length === undefined || number === 0) throw new RangeError(`no field at byte ${position}`);
      const fieldStart = position;
      position += length;
      if (position > end) throw new RangeError(`the field at byte ${fieldStart} is longer than its message`);
      yield { number, wireType, value, start: fieldStart, end: position };
    }
  }

  text({ start, end }: ProtobufField): string {
    const bytes = Buffer.alloc(end - start);
    readSync(this.descriptor, bytes, 0, bytes.length, start);
    return bytes.toString('utf8');
  }

  /** The bytes at [start, end), in pieces; each is overwritten by the next. */
  *chunks(start: number, end: number): Generator<Buffer> {
    const buffer = Buffer.alloc(Math.min(CHUNK_BYTES, end - start));
    for (let position = start; position < end; ) {
      const length = readSync(this.descriptor, buffer, 0, Math.min(buffer.length, end - position), position);
      if (length === 0) throw new RangeError('the file ends in the middle of a field');
      position += length;
      yield buffer.subarray(0, length);
    }
  }

  private byte(position: number): number {
    if (position < this.windowStart || position >= this.windowEnd) {
      this.windowStart = position;
      this.windowEnd = position + readSync(this.descriptor, this.window, 0, WINDOW_BYTES, position);
      if (this.windowEnd === position) throw new RangeError('the file ends in the middle of a field');
    }
    return this.window[position - this.windowStart] as number;
  }
}
