import { encodeRows } from './encode-rows.ts';

/** Writes lists of rows as a JSON array of arrays of arrays, between two pieces of JSON, as `encodeRows` writes one. */
export async function encodeRowLists(
  lists: readonly (readonly Float32Array[])[],
  { before = '', after = '' } = {},
): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for (const [i, rows] of lists.entries()) {
    chunks.push(...(await encodeRows(rows, { before: i === 0 ? `${before}[` : ',' })));
  }
  return [...chunks, Buffer.from(`${lists.length === 0 ? `${before}[` : ''}]${after}`)];
}
