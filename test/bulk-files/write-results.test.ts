import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { createResultWriter } from '../../src/bulk-files/create-result-writer.ts';
import { outputFormats } from '../../src/bulk-files/rows.ts';
import { assertNames } from '../support/assert-names.ts';
import { fixture, open, readAll, refusal } from './fixture.ts';
import { nameOf, randomResults, resultOptions, resultValues, writeResults } from './results.ts';

let root: string;
let folder: string;
let tests = 0;
before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'hotvec-results-'));
});
beforeEach(() => {
  folder = path.join(root, String(tests++));
  mkdirSync(folder);
});
after(() => rmSync(root, { recursive: true, force: true }));

const COUNT = 23;

describe('results', () => {
  for (const value of resultValues) {
    const rows = randomResults(value, COUNT);
    const numbersOf = (index: number): number | number[] => {
      const result = rows[index]!.value;
      return typeof result === 'number' ? result : Array.from(result);
    };

    it(`gives a Parquet reader back what was written: ${nameOf(value)}`, async () => {
      const output = path.join(folder, 'out.parquet');
      await writeResults(rows, resultOptions(output, { format: 'parquet', value, count: COUNT }), 7);
      const file = await asyncBufferFromFile(output);
      assert.deepEqual(
        (await parquetReadObjects({ file })).map((row) => [row.id, row.title ?? null, [row[value.name]].flat()]),
        rows.map(({ id, kept }, i) => [id, kept[0], [numbersOf(i)].flat()]),
      );
      const { key_value_metadata } = await parquetMetadataAsync(file);
      const metadata = new Map(key_value_metadata?.map(({ key, value: text }) => [key, text]));
      assert.equal(metadata.get('hotvec.model'), 'naïve/starter');
    });

    it(`gives a reader of JSON Lines back what was written: ${nameOf(value)}`, async () => {
      const output = path.join(folder, 'out.jsonl');
      await writeResults(rows, resultOptions(output, { format: 'jsonl', value, count: COUNT }), 7);
      const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
      const numbers = lines.map((line) => JSON.parse(line)[value.name] as number | number[]);
      const isFloat = value.name === 'embedding' && value.dtype === 'float';
      assert.deepEqual(
        isFloat ? numbers.map((vector) => Array.from(Float32Array.from(vector as number[]))) : numbers,
        rows.map((_, i) => numbersOf(i)),
      );
      assert.deepEqual(
        lines.map((line) => Object.values(JSON.parse(line)).slice(0, 2)),
        rows.map(({ id, kept }) => [id, kept[0]]),
      );
    });

    for (const format of outputFormats) {
      it(`writes the same ${format} however many rows come at a time: ${nameOf(value)}`, async () => {
        const files = [];
        for (const together of [1, 5, COUNT]) {
          const output = path.join(folder, `${together}`, `out.${format}`);
          mkdirSync(path.dirname(output));
          await writeResults(rows, resultOptions(output, { format, value, count: COUNT }), together);
          const names = readdirSync(path.dirname(output)).sort();
          assert.deepEqual(names, format === 'npy' ? ['out.npy', 'out.rows.jsonl'] : [`out.${format}`]);
          files.push(names.map((name) => readFileSync(path.join(path.dirname(output), name)).toString('base64')));
        }
        assert.deepEqual(files[1], files[0]);
        assert.deepEqual(files[2], files[0]);
      });
    }
  }

  it('ends a row group where its bytes are many, and pages within it', async () => {
    const value = { name: 'embedding', dimensions: 4_096, dtype: 'float' } as const;
    const rows = randomResults(value, 300);
    const count = 16 * rows.length;
    const output = path.join(folder, 'out.parquet');
    const writer = await createResultWriter(resultOptions(output, { format: 'parquet', value, count }));
    for (let i = 0; i < 16; i++) await writer.write(rows);
    await writer.finish();
    const file = await asyncBufferFromFile(output);
    const { row_groups } = await parquetMetadataAsync(file);
    // 64 MiB of vectors of 16 KiB, and a little of ids and titles.
    assert.ok(row_groups.length === 2 && row_groups[0]!.num_rows > 4_000n && row_groups[0]!.num_rows < 4_096n);
    // Spark gives a group to the task in whose part of the file its middle is, by the place of its first column and its size:
    // one whose first column were not its first bytes would end behind the file, and be read by nobody.
    let end = 4n;
    for (const { columns, total_compressed_size } of row_groups) {
      const start = end;
      for (const { meta_data } of columns) {
        const { dictionary_page_offset, data_page_offset, total_compressed_size: size } = meta_data!;
        assert.equal(dictionary_page_offset ?? data_page_offset, end);
        end += size;
      }
      assert.equal(end - start, total_compressed_size);
    }
    const rowStart = Number(row_groups[0]!.num_rows) - 2;
    const read = await parquetReadObjects({ file, rowStart, rowEnd: rowStart + 4 });
    assert.deepEqual(
      read.map(({ embedding }) => embedding),
      [0, 1, 2, 3].map((i) => Array.from(rows[(rowStart + i) % 300]!.value as Float32Array)),
    );
  });

  it('tells -0 from 0 in a column of few values', async () => {
    const zeros = Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? -0 : 0));
    const output = path.join(folder, 'out.parquet');
    await writeResults(
      zeros.map((zero, id) => ({ id, kept: [zero], value: 1 })),
      {
        ...resultOptions(output, { format: 'parquet', value: { name: 'score' }, count: zeros.length }),
        id: { name: 'id', type: 'int64' },
        kept: [{ name: 'zero', type: 'double' }],
      },
    );
    const read = await parquetReadObjects({ file: await asyncBufferFromFile(output) });
    assert.deepEqual(
      read.map(({ zero }) => zero),
      zeros,
    );
  });

  it('says where the dictionary of a column chunk is, and where its pages are', async () => {
    const output = path.join(folder, 'out.parquet');
    const value = { name: 'embedding', dimensions: 8, dtype: 'int8' } as const;
    await writeResults(randomResults(value, 3), resultOptions(output, { format: 'parquet', value, count: 3 }));
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(output));
    const { dictionary_page_offset = 0n, data_page_offset } = row_groups[0]!.columns.at(-1)!.meta_data!;
    // 256 entries of four bytes, and a header.
    const bytes = Number(data_page_offset - dictionary_page_offset);
    assert.ok(bytes > 1_024 && bytes < 1_060, String(bytes));
  });

  it('writes files without rows', async () => {
    for (const format of outputFormats) {
      for (const value of resultValues) {
        await writeResults([], resultOptions(path.join(folder, `empty.${format}`), { format, value, count: 0 }));
      }
    }
    assert.deepEqual(
      await parquetReadObjects({ file: await asyncBufferFromFile(path.join(folder, 'empty.parquet')) }),
      [],
    );
    assert.equal(readFileSync(path.join(folder, 'empty.jsonl'), 'utf8'), '');
  });

  it('keeps ids and columns of Parquet by their types and values, through a second file', async () => {
    const keep = [
      'int8',
      'int32',
      'int64',
      'uint32',
      'uint64',
      'float16',
      'float32',
      'float64',
      'bool',
      'date',
      'time',
      'millis',
      'micros',
      'nanos',
      'decimal',
      'big_decimal',
      'bytes',
      'fixed',
      'name',
    ];
    const input = { idColumn: 'uint8', keep };
    const source = await open(fixture('kinds.parquet'), input);
    const rows = await readAll(source);
    const types = await source.columnTypes();
    const output = path.join(folder, 'out.parquet');
    const value = { name: 'score' } as const;
    await writeResults(
      rows.map(({ id, kept }) => ({ id, kept, value: 1 })),
      {
        ...resultOptions(output, { format: 'parquet', value, count: rows.length }),
        id: { name: 'uint8', type: types.id },
        kept: keep.map((name, i) => ({ name, type: types.kept[i]! })),
      },
    );
    const [first] = await parquetReadObjects({ file: await asyncBufferFromFile(output) });
    assert.equal(first?.decimal, -12.34);
    // Read again by this reader, with another column as the text.
    const again = await open(output, { ...input, textColumns: ['name'] });
    assert.deepEqual(
      (await readAll(again)).map(({ id, kept }) => [id, ...kept]),
      rows.map(({ id, kept }) => [id, ...kept]),
    );
    const withoutLogicalIntegers = (type: unknown) =>
      JSON.stringify(type).replace(/,"logical_type":\{"type":"INTEGER"[^}]*\}/g, '');
    assert.equal(withoutLogicalIntegers(await again.columnTypes()), withoutLogicalIntegers(types));
  });

  it('writes dates, times, decimals and bytes of Parquet as JSON that loses nothing', async () => {
    const keep = [
      'uint64',
      'int64',
      'float16',
      'float64',
      'date',
      'time',
      'millis',
      'micros',
      'nanos',
      'decimal',
      'big_decimal',
      'bytes',
    ];
    const source = await open(fixture('kinds.parquet'), { keep });
    const rows = await readAll(source);
    const { id, kept } = await source.columnTypes();
    const output = path.join(folder, 'out.jsonl');
    await writeResults(
      rows.map((row) => ({ ...row, value: 1 })),
      {
        ...resultOptions(output, { format: 'jsonl', value: { name: 'score' }, count: rows.length }),
        id: { name: 'id', type: id },
        kept: keep.map((name, i) => ({ name, type: kept[i]! })),
      },
    );
    const [first, second, third] = readFileSync(output, 'utf8').split('\n');
    assert.equal(
      first,
      '{"id":0,"uint64":0,"int64":-9223372036854775808,"float16":0.5,"float64":0.1,"date":"2024-02-29","time":"12:34:56.789123",' +
        '"millis":"2024-02-29T12:34:56.789","micros":"2024-02-29T12:34:56.789123Z","nanos":"2006-07-14T23:58:24.606846977",' +
        '"decimal":"-12.34","big_decimal":"-1.5000","bytes":"AP8=","score":1}',
    );
    assert.match(second!, /"float16":null,.*"bytes":null/);
    assertNames(
      third!,
      '"uint64":18446744073709551615',
      '"float64":-0',
      '"date":"1969-12-31"',
      '"nanos":"1969-12-31T23:59:59.999999999"',
      '"big_decimal":"100000000000000000000.0000"',
    );
  });

  it('writes cells of JSON by the type that holds all of a column', async () => {
    const input = path.join(folder, 'in.jsonl');
    const lines = [
      { text: 'a', i: 1, d: 1, m: 1, n: { a: [1] } },
      { text: 'b', i: null, d: 0.5, m: 'x', n: null },
    ];
    writeFileSync(input, lines.map((line) => JSON.stringify(line)).join('\n'));
    const keep = ['i', 'd', 'm', 'n'];
    const source = await open(input, { keep });
    const { id, kept } = await source.columnTypes();
    const output = path.join(folder, 'out.parquet');
    await writeResults(
      (await readAll(source)).map((row) => ({ ...row, value: 1 })),
      {
        ...resultOptions(output, { format: 'parquet', value: { name: 'score' }, count: 2 }),
        id: { name: 'id', type: id },
        kept: keep.map((name, i) => ({ name, type: kept[i]! })),
      },
    );
    assert.deepEqual(await parquetReadObjects({ file: await asyncBufferFromFile(output) }), [
      { id: 0n, i: 1n, d: 1, m: '1', n: '{"a":[1]}', score: 1 },
      { id: 1n, i: null, d: 0.5, m: '"x"', n: null, score: 1 },
    ]);
  });
});

describe('an output that cannot be written', () => {
  const value = { name: 'embedding', dimensions: 384, dtype: 'float' } as const;
  const rows = randomResults(value, 5_000);

  it('has no name before it is whole, and replaces an older file then', async () => {
    for (const format of outputFormats) {
      const output = path.join(folder, `out.${format}`);
      writeFileSync(output, 'older');
      const writer = await createResultWriter(resultOptions(output, { format, value, count: rows.length }));
      await writer.write(rows);
      assert.equal(readFileSync(output, 'utf8'), 'older');
      await writer.finish();
      assert.notEqual(readFileSync(output, 'utf8'), 'older');
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.unfinished')),
      [],
    );
  });

  it('is removed when it is abandoned', async () => {
    for (const format of outputFormats) {
      const output = path.join(folder, `out.${format}`);
      const writer = await createResultWriter(resultOptions(output, { format, value, count: rows.length }));
      await writer.write(rows);
      await writer.abandon();
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is never finished with fewer rows than were announced', async () => {
    const output = path.join(folder, 'out.npy');
    const writer = await createResultWriter(resultOptions(output, { format: 'npy', value, count: 2 }));
    await writer.write(rows.slice(0, 1));
    await assert.rejects(writer.finish(), /1 rows were written, and 2 announced/);
    await writer.abandon();
    assert.deepEqual(readdirSync(folder), []);
  });

  it('is refused at once where its folder is not there or takes no files, where it is a folder, and with a name twice', async () => {
    const options = resultOptions(path.join(folder, 'absent', 'out.jsonl'), { format: 'jsonl', value, count: 1 });
    assertNames(await refusal(() => createResultWriter(options)), options.output, 'folder is not there');
    assertNames(await refusal(() => createResultWriter({ ...options, output: folder })), folder, 'is a folder');
    const twice = { ...options, kept: [{ name: 'embedding', type: 'string' as const }] };
    assertNames(await refusal(() => createResultWriter(twice)), '"embedding"');
  });

  it('is refused in a folder that is read-only', { skip: process.platform !== 'linux' }, async (context) => {
    const mount = ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder];
    if (spawnSync('mount', mount).status !== 0) return context.skip('mounting a disk needs root');
    try {
      for (const format of outputFormats) {
        const output = path.join(folder, `out.${format}`);
        const message = await refusal(() => createResultWriter(resultOptions(output, { format, value, count: 1 })));
        assertNames(message, output, 'read-only', 'EROFS');
      }
    } finally {
      spawnSync('umount', [folder]);
    }
  });

  it('ends in one line on a full disk, and nothing has its name', { skip: process.platform !== 'linux' }, async () => {
    for (const format of outputFormats) {
      const output = path.join(folder, `out.${format}`);
      symlinkSync('/dev/full', `${output}.unfinished`);
      const writer = await createResultWriter(resultOptions(output, { format, value, count: 2 * rows.length }));
      const message = await refusal(async () => {
        await writer.write(rows);
        await writer.write(rows);
        await writer.finish();
      });
      assertNames(message, output, 'disk is full', 'ENOSPC');
      await writer.abandon();
    }
    // What is small fails at the end, where the buffers are written.
    const output = path.join(folder, 'small.npy');
    symlinkSync('/dev/full', path.join(folder, 'small.rows.jsonl.unfinished'));
    const writer = await createResultWriter(resultOptions(output, { format: 'npy', value, count: 1 }));
    await writer.write(rows.slice(0, 1));
    assertNames(await refusal(() => writer.finish()), 'small.rows.jsonl', 'disk is full');
    await writer.abandon();
    assert.deepEqual(readdirSync(folder), []);
  });
});
