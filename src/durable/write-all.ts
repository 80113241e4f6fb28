import type { FileHandle } from 'node:fs/promises';

/** Writes all bytes at a place of a file: a disk that fills up may take a part of them and say nothing yet. */
export async function writeAll(file: FileHandle, bytes: ArrayBufferView, position: number): Promise<void> {
  const { buffer, byteOffset, byteLength } = bytes;
  const all = new Uint8Array(buffer, byteOffset, byteLength);
  for (let done = 0; done < byteLength; ) {
    done += (await file.write(all, done, byteLength - done, position + done)).bytesWritten;
  }
}
