import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { StoredType } from '../../src/bulk-files/rows.ts';
import { fixture, fixtureRows, idOfFixtureRow, open, readAll } from './fixture.ts';

const KEEP = ['title', 'score', 'flag'];
const files = readdirSync(fixture('')).filter((file) => /^(pyarrow|pandas|polars|spark|excel)/.test(file));

describe('files of rows that other tools wrote (test/fixtures/bulk/make.py)', () => {
  for (const file of files.filter((name) => name.endsWith('.parquet'))) {
    it(`reads ${file}: texts, ids above 2^53, kept columns and their types`, async () => {
      const source = await open(fixture(file), { idColumn: 'id', keep: KEEP });
      const rows = await readAll(source);
      assert.equal(source.count, fixtureRows.length);
      const expected = fixtureRows.map(({ text, title, score, flag }, i) => ({
        number: i,
        place: `${fixture(file)}, row ${i}`,
        id: idOfFixtureRow(i),
        idType: 'int64',
        kept: [title, score, flag],
        texts: [text],
        problem: null,
      }));
      assert.deepEqual(rows, expected);
      assert.deepEqual(await source.columnTypes(), { id: 'int64', kept: ['string', 'double', 'boolean'] });
    });
  }

  for (const file of files.filter((name) => /\.[ct]sv/.test(name))) {
    it(`reads ${file}: cells are strings, and line breaks in quotes belong to them`, async () => {
      const rows = await readAll(await open(fixture(file), { idColumn: 'id', keep: ['title'] }));
      assert.deepEqual(
        rows.map(({ id, kept, texts }) => ({ id, kept, texts })),
        fixtureRows.map(({ text, title }, i) => ({ id: `${idOfFixtureRow(i)}`, kept: [title ?? ''], texts: [text] })),
      );
      // The fourth row has two lines, the ninth a carriage return before its line feed.
      assert.deepEqual(
        rows.slice(2, 5).map(({ place }) => place),
        [4, 5, 7].map((line) => `${fixture(file)}, line ${line}`),
      );
    });
  }

  it('reads pandas.jsonl', async () => {
    const source = await open(fixture('pandas.jsonl'), { keep: KEEP });
    assert.deepEqual(
      (await readAll(source)).map(({ id, kept, texts }) => ({ id, kept, texts })),
      fixtureRows.map(({ text, title, score, flag }, i) => ({ id: i, kept: [title, score, flag], texts: [text] })),
    );
    assert.deepEqual(await source.columnTypes(), { id: 'int64', kept: ['string', 'double', 'boolean'] });
  });

  for (const file of files) {
    it(`goes on in ${file} at any row`, async () => {
      const source = await open(fixture(file), { keep: ['title'] });
      const all = await readAll(source);
      for (let from = 0; from <= all.length; from++) assert.deepEqual(await readAll(source, from), all.slice(from));
      assert.equal(source.bytesRead(), source.bytes);
    });
  }

  it('reads a kept Parquet column as it is stored, whatever its annotation', async () => {
    const keep = ['uint64', 'micros', 'decimal', 'date', 'name'];
    const source = await open(fixture('kinds.parquet'), { keep });
    const [first, second] = await readAll(source);
    assert.deepEqual(first?.kept, [0n, 1_709_210_096_789_123n, new Uint8Array([255, 255, 255, 251, 46]), 19_782, 'a']);
    assert.deepEqual(second?.kept, [1n, null, null, null, null]);
    const { kept } = await source.columnTypes();
    assert.equal((kept[1] as StoredType).converted_type, 'TIMESTAMP_MICROS');
    assert.equal(kept[4], 'string');
  });

  it('reads times of 96 bits as microseconds, before 1970 rounded down', async () => {
    const source = await open(fixture('int96.parquet'), { keep: ['nanos'] });
    const values = (await readAll(source)).map(({ kept }) => kept[0]);
    assert.deepEqual(values, [(2n ** 60n + 1n) / 1_000n, null, -1n]);
  });
});
