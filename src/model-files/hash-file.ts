import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const READ_BYTES = 1 << 20;

/** @returns SHA-256 of a file: 64 hexadecimal digits. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(file, 'r');
  try {
    // What is read next comes from the disk while the last part is hashed.
    let [filled, empty] = [Buffer.allocUnsafeSlow(READ_BYTES), Buffer.allocUnsafeSlow(READ_BYTES)];
    let { bytesRead } = await handle.read(filled, 0, READ_BYTES, null);
    while (bytesRead > 0) {
      const next = handle.read(empty, 0, READ_BYTES, null);
      hash.update(filled.subarray(0, bytesRead));
      ({ bytesRead } = await next);
      [filled, empty] = [empty, filled];
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}
