import { createReadStream } from 'node:fs';

/** A line of a file that is not blank. */
export interface FileLine {
  /** Without its end; empty where the line is too long. */
  bytes: Buffer;
  /** In the file, from 1 on, blank ones counted. */
  number: number;
  /** Where the next line begins, in bytes from the start. */
  end: number;
  isTooLong: boolean;
  /** Whether a line feed ends it: a writer that died leaves a line without. */
  isWhole: boolean;
}

const CHUNK_BYTES = 2 ** 18;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/**
 * The lines of a file, one at a time: it may be larger than memory. Blank ones are passed over.
 * @param maxBytes of a line; of a longer one only its place is told.
 * @throws {Error} of the file system.
 */
export async function* readLines(file: string, maxBytes: number): AsyncGenerator<FileLine> {
  let parts: Buffer[] = [];
  let length = 0;
  let number = 0;
  let end = 0;
  const take = (isWhole: boolean): FileLine | undefined => {
    number += 1;
    end += length + Number(isWhole);
    const isTooLong = length > maxBytes;
    const bytes = isTooLong ? Buffer.alloc(0) : trimmed(Buffer.concat(parts), number === 1);
    parts = [];
    length = 0;
    return isTooLong || bytes.length > 0 ? { bytes, number, end, isTooLong, isWhole } : undefined;
  };
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const found = chunk.indexOf(LINE_FEED, at);
      const stop = found === -1 ? chunk.length : found;
      length += stop - at;
      // What is too long is counted, and not kept.
      if (length <= maxBytes) parts.push(chunk.subarray(at, stop));
      else parts = [];
      at = stop + 1;
      if (found === -1) continue;
      const line = take(true);
      if (line !== undefined) yield line;
    }
  }
  const last = length > 0 ? take(false) : undefined;
  if (last !== undefined) yield last;
}

/** Without white space around it, which JSON ignores, and without the mark that some editors put first in a file. */
function trimmed(line: Buffer, isFirst: boolean): Buffer {
  let from = isFirst && line.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  let to = line.length;
  while (from < to && isSpace(line[from])) from += 1;
  while (to > from && isSpace(line[to - 1])) to -= 1;
  return line.subarray(from, to);
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
