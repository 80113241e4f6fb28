import { createHash } from 'node:crypto';

/** A row that only these token ids have: SHA-256 of the ids, stretched in counter mode, as numbers in [−1, 1). */
export function hashRow(tokenIds: Int32Array, hiddenSize: number): Float32Array {
  const seed = createHash('sha256')
    .update(Buffer.from(tokenIds.buffer, tokenIds.byteOffset, tokenIds.byteLength))
    .digest();
  const row = new Float32Array(hiddenSize);
  for (let i = 0; i < hiddenSize; i += 8) {
    const block = createHash('sha256').update(seed).update(Uint32Array.of(i)).digest();
    for (let j = 0; j < 8 && i + j < hiddenSize; j++) row[i + j] = block.readInt32LE(4 * j) / 2 ** 31;
  }
  return row;
}
