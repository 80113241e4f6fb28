import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf, StartError } from '../errors.ts';
import { fileError } from './file-error.ts';
import type { Input } from './find-inputs.ts';

const CHUNK_BYTES = 1 << 20;

/** How much of a file was read, as it is on the disk; the reader counts, and others look. */
export interface Progress {
  bytes: number;
}

/** First bytes of files that are no text in UTF-8, and what they are. */
const FOREIGN: readonly (readonly [number[], string])[] = [
  [[0x50, 0x41, 0x52, 0x31], 'a Parquet file'],
  [[0x1f, 0x8b], 'compressed by gzip; its name must end in .gz'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed by zstd, which is not read; decompress it'],
  [[0x50, 0x4b, 0x03, 0x04], 'a ZIP archive, which is not read; decompress it'],
  [[0xff, 0xfe], 'UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)'],
  [[0xfe, 0xff], 'UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)'],
];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/**
 * The bytes of a text file in pieces, decompressed, without a byte order mark.
 *
 * @throws {StartError} for a file that cannot be read or decompressed, and for one that is no text in UTF-8 by its first bytes.
 */
export async function* readBytes({ path, name, isGzip }: Input, progress: Progress): AsyncGenerator<Buffer> {
  const source = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const bytes = isGzip ? source.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : source;
  if (bytes !== source) source.once('error', (error) => bytes.destroy(error));
  try {
    let isFirst = true;
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      progress.bytes = source.bytesRead;
      if (!isFirst) yield chunk;
      else if (chunk.length > 0) {
        isFirst = false;
        refuseForeign(chunk, name);
        yield startsWith(chunk, BYTE_ORDER_MARK) ? chunk.subarray(BYTE_ORDER_MARK.length) : chunk;
      }
    }
  } catch (error) {
    if (isGzip && String((error as NodeJS.ErrnoException).code).startsWith('Z_')) {
      throw new StartError(
        `${name} is damaged or truncated: ${messageOf(error)} after ${source.bytesRead} compressed bytes.`,
      );
    }
    throw fileError(error, name, 'read');
  } finally {
    source.destroy();
    bytes.destroy();
  }
}

/** The first bytes of a text file, up to a megabyte, as {@link readBytes} gives them. */
export async function readHead(input: Input): Promise<Buffer> {
  for await (const chunk of readBytes(input, { bytes: 0 })) return chunk;
  return Buffer.alloc(0);
}

function refuseForeign(chunk: Buffer, name: string): void {
  const [, what] = FOREIGN.find(([start]) => startsWith(chunk, start)) ?? [];
  if (what !== undefined) throw new StartError(`${name} is no text in UTF-8, but ${what}.`);
}

function startsWith(bytes: Buffer, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}
