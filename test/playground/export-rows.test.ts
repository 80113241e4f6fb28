import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { ExportColumns, ExportedRows } from '../../playground/search/export/export-rows.ts';
import { jsonLines } from '../../playground/search/export/json-lines.ts';
import { parquetRows } from '../../playground/search/export/parquet-writer.ts';

/** Values that are hard to write: the smallest, the largest, and one that eight digits do not tell from its neighbor. */
const HARD = [1.401298464324817e-45, 3.4028234663852886e38, 1000 + 2 ** -14, 0.1, 0, 1 / 3].map(Math.fround);
const COLUMNS: ExportColumns = {
  text: 'embedding',
  others: ['topic', '__proto__'],
  hasFailed: true,
  dimensions: HARD.length,
  model: 'starter',
  fingerprint: 'a8d13dde36d181ad',
};
const PARTS: ExportedRows[] = [
  {
    texts: ['a "quoted" text,\nin two lines', '', '你好 🎉'],
    others: [
      ['x', '', 'z'],
      ['1', '2', '3'],
    ],
    vectors: Float32Array.from([...HARD, ...HARD.map(() => 0), ...HARD.toReversed()]),
    failed: [[1, 'input[1] is empty; there is nothing to embed.']],
  },
  { texts: ['the last'], others: [['w'], ['4']], vectors: Float32Array.from(HARD), failed: [] },
];
// A column of the file has the usual name of ours.
const EXPECTED = [
  { embedding: 'a "quoted" text,\nin two lines', topic: 'x', proto: '1', vector: HARD, error: null },
  { embedding: '', topic: '', proto: '2', vector: null, error: 'input[1] is empty; there is nothing to embed.' },
  { embedding: '你好 🎉', topic: 'z', proto: '3', vector: HARD.toReversed(), error: null },
  { embedding: 'the last', topic: 'w', proto: '4', vector: HARD, error: null },
];

/** As they are expected: `__proto__` under a name that an object literal can have. */
function read(rows: Record<string, unknown>[]) {
  return rows.map((row) => {
    // hyparquet has undefined for a list that is null.
    const vector = (row.hotvec_embedding ?? null) as number[] | null;
    const proto = Object.getOwnPropertyDescriptor(row, '__proto__')?.value as unknown;
    // What a reader of float32 makes of the decimal.
    const floats = vector === null ? null : Array.from(vector, Math.fround);
    return { embedding: row.embedding, topic: row.topic, proto, vector: floats, error: row.error };
  });
}

describe('files of a collection', () => {
  it('are JSON lines whose numbers are the same float32 again', () => {
    const text = PARTS.map((part) => jsonLines(COLUMNS, part)).join('');
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(read(rows), EXPECTED);
  });

  it('are Parquet that hyparquet reads back, row group by row group, to the bit', async () => {
    const columns = { ...COLUMNS, others: ['topic'] };
    const parts = PARTS.map((part) => ({ ...part, others: part.others.slice(0, 1) }));
    const writer = parquetRows(columns);
    const file = Buffer.concat([...parts.map((part) => writer.write(part)), writer.finish()]);
    const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
    const metadata = parquetMetadata(buffer);
    assert.equal(metadata.row_groups.length, parts.length);
    assert.deepEqual(Object.fromEntries((metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value])), {
      model: 'starter',
      fingerprint: 'a8d13dde36d181ad',
    });
    const rows = await parquetReadObjects({ file: buffer, utf8: false });
    const expected = EXPECTED.map(({ proto: _, ...row }) => ({ ...row, proto: undefined }));
    assert.deepEqual(read(rows), expected);
  });

  it('have no column of errors where nothing failed', () => {
    const columns = { ...COLUMNS, text: 'text', others: [], hasFailed: false };
    const line = jsonLines(columns, { texts: ['a'], others: [], vectors: Float32Array.from(HARD), failed: [] });
    assert.deepEqual(Object.keys(JSON.parse(line)), ['text', 'embedding']);
  });
});
