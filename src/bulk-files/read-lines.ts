import { isUtf8 } from 'node:buffer';
import { StartError } from '../errors.ts';
import type { Input } from './find-inputs.ts';
import { type Progress, readBytes } from './read-bytes.ts';

const LINE_FEED = 0x0a;
/** A longer line is no text: a file without line ends would fill the memory. */
const MAX_LINE_BYTES = 64 << 20;

/**
 * The lines of a text file, many at a time, without their ends (LF or CRLF); null for one that is no UTF-8. A last line
 * without an end is one, too.
 *
 * @throws {StartError} as {@link readBytes}, and for a line of more than 64 MiB.
 */
export async function* readLines(input: Input, progress: Progress): AsyncGenerator<(string | null)[]> {
  let pieces: Buffer[] = [];
  let pending = 0;
  let number = 0;
  for await (const chunk of readBytes(input, progress)) {
    const end = chunk.lastIndexOf(LINE_FEED);
    pieces.push(end < 0 ? chunk : chunk.subarray(0, end));
    pending += chunk.length;
    if (end >= 0) {
      const lines = linesOf(Buffer.concat(pieces));
      number += lines.length;
      yield lines;
      pieces = [chunk.subarray(end + 1)];
      pending = chunk.length - end - 1;
    } else if (pending > MAX_LINE_BYTES) {
      throw new StartError(
        `${input.name}, line ${number + 1}: more than ${MAX_LINE_BYTES >> 20} MiB without a line end.`,
      );
    }
  }
  const rest = Buffer.concat(pieces);
  if (rest.length > 0) yield linesOf(rest);
}

function linesOf(block: Buffer): (string | null)[] {
  if (isUtf8(block)) return block.toString().split('\n').map(withoutReturn);
  const lines: (string | null)[] = [];
  for (let start = 0; start <= block.length; ) {
    const next = block.indexOf(LINE_FEED, start);
    const end = next < 0 ? block.length : next;
    const line = block.subarray(start, end);
    lines.push(isUtf8(line) ? withoutReturn(line.toString()) : null);
    start = end + 1;
  }
  return lines;
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
