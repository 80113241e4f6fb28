import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { cellJson } from '../../src/bulk-files/cell-json.ts';
import { StartError } from '../../src/errors.ts';
import { assertNames } from '../support/assert-names.ts';
import { fixture, open, readAll, refusal } from './fixture.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-rows-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a file and gives its path. */
function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

async function textsOf(inputs: string | string[]): Promise<(string | undefined)[]> {
  return (await readAll(await open(inputs))).map(({ texts }) => texts?.[0]);
}

describe('texts, a line each', () => {
  it('takes LF and CRLF, an empty line as an empty text, and a last line without an end', async () => {
    assert.deepEqual(await textsOf(write('a.txt', 'one\r\ntwo\n\nfour')), ['one', 'two', '', 'four']);
    assert.deepEqual(await textsOf(write('b.txt', 'one\n')), ['one']);
    assert.deepEqual(await textsOf(write('c.txt', '')), []);
    assert.deepEqual(await textsOf(write('d.txt', '\n')), ['']);
  });

  it('leaves a byte order mark out, at the beginning alone', async () => {
    assert.deepEqual(await textsOf(write('bom.txt', '\ufeffone\n\ufefftwo')), ['one', '\ufefftwo']);
  });

  it('gives a line that is not UTF-8 a problem, and reads on', async () => {
    const bytes = Buffer.concat([Buffer.from('good\nc'), Buffer.from([0xe9, 0x0a]), Buffer.from('über')]);
    const rows = await readAll(await open(write('latin1.txt', bytes)));
    assert.deepEqual(
      rows.map(({ texts }) => texts?.[0]),
      ['good', undefined, 'über'],
    );
    assertNames(rows[1]?.problem ?? '', 'UTF-8');
    assert.equal(rows[1]?.place, `${path.join(folder, 'latin1.txt')}, line 2`);
  });

  it('reads what was written, in pieces of any size, compressed or not', async () => {
    // Longer than a piece that is read at a time, with characters of several bytes on its border.
    const lines = Array.from({ length: 3_000 }, (_, i) => `${i} ${'naïve 北京 😀 '.repeat(i % 97)}`);
    const content = lines.join('\n');
    assert.ok(Buffer.byteLength(content) > 2 << 20);
    assert.deepEqual(await textsOf(write('long.txt', content)), lines);
    assert.deepEqual(await textsOf(write('long.txt.gz', gzipSync(content))), lines);
  });
});

describe('JSON Lines', () => {
  it('gives each broken line its problem and its line, and reads on', async () => {
    const file = write(
      'rows.jsonl',
      [
        '{"text":"a","id":1}',
        '',
        '{"text":',
        '[1]',
        '{"id":2}',
        '{"text":null,"id":3}',
        '{"text":7,"id":4}',
        '{"text":["x"],"id":5}',
        '{"text":"no id"}',
        '{"text":"z","id":"last"}',
      ].join('\n'),
    );
    const rows = await readAll(await open(file, { idColumn: 'id' }));
    const problems = rows.map(({ place, problem }) => [Number(/line (\d+)$/.exec(place)?.[1]), problem]);
    assert.deepEqual(problems, [
      [1, null],
      [3, 'it is no JSON object'],
      [4, 'it is no JSON object'],
      [5, 'it has no "text"'],
      [6, '"text" is null'],
      [7, '"text" is a number, not a string'],
      [8, '"text" is a list, not a string'],
      [9, 'it has no "id"'],
      [10, null],
    ]);
    assert.deepEqual([rows[0]?.id, rows[8]?.id], [1, 'last']);
    for (const { texts, problem } of rows) assert.equal(texts === null, problem !== null);
  });

  it('refuses to round an integer above 2^53 in what it keeps', async () => {
    const file = write(
      'large.jsonl',
      '{"text":"a","id":9007199254740993}\n{"text":"b","id":9007199254740991}\n{"text":"c","id":1e300}',
    );
    const rows = await readAll(await open(file, { idColumn: 'id' }));
    assertNames(rows[0]?.problem ?? '', '"id"', '2^53', 'string');
    assert.deepEqual([rows[1]?.id, rows[2]?.id], [9_007_199_254_740_991, 1e300]);
  });

  it('refuses a number that would be infinite, and does not tell another', async () => {
    const file = write('infinite.jsonl', '{"text":"a","id":1,"n":{"x":[1e400]}}\n{"text":"b","id":-1E+400,"n":1e300}');
    const rows = await readAll(await open(file, { idColumn: 'id', keep: ['n'] }));
    assertNames(rows[0]?.problem ?? '', '"n"', '1.8e308');
    assertNames(rows[1]?.problem ?? '', '"id"', '1.8e308');
    assert.deepEqual([rows[0]?.id, rows[1]?.id], [1, null]);
  });

  it('finds the type that holds all cells of a column', async () => {
    const lines = [
      { text: 'a', i: 1, d: 1, s: 'x', b: true, m: 1, n: { a: 1 }, z: null },
      { text: 'b', i: null, d: 0.5, s: null, b: false, m: 'x', n: null, z: null },
    ];
    const file = write('types.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    const source = await open(file, { idColumn: 's', keep: ['i', 'd', 'b', 'm', 'n', 'z'] });
    const kept = ['int64', 'double', 'boolean', 'json', 'json', 'string'];
    assert.deepEqual(await source.columnTypes(), { id: 'string', kept });
  });

  it('names the fields that there are when none of the first objects has the column', async () => {
    const file = write('fields.jsonl', '{"body":"a","url":"b"}');
    assertNames(await refusal(() => open(file)), file, '"text"', '"body"', '"url"');
  });
});

describe('CSV', () => {
  it('gives a record with too few or too many fields a problem, and reads on', async () => {
    const file = write('fields.csv', 'id,text\n1,one\n2\n3,three,more\n\n4,"fo\nur"\n5,five\n');
    const rows = await readAll(await open(file, { idColumn: 'id' }));
    assert.deepEqual(
      rows.map(({ id, texts, problem }) => [id, texts?.[0], problem]),
      [
        ['1', 'one', null],
        [null, undefined, 'it has 1 fields, and the header has 2'],
        [null, undefined, 'it has 3 fields, and the header has 2'],
        ['4', 'fo\nur', null],
        ['5', 'five', null],
      ],
    );
    assert.deepEqual(
      rows.map(({ place }) => Number(/line (\d+)$/.exec(place)?.[1])),
      [2, 3, 4, 6, 8],
    );
  });

  it('takes a quote within a field as a character, and gives bytes that are not UTF-8 a problem', async () => {
    const file = write(
      'quotes.csv',
      Buffer.concat([Buffer.from('text,note\n5" nail,"a ""b"""\ncaf'), Buffer.from([0xe9]), Buffer.from(',x\nü,y')]),
    );
    const rows = await readAll(await open(file, { keep: ['note'] }));
    assert.deepEqual(
      rows.map(({ texts, kept }) => [texts?.[0], kept[0]]),
      [
        ['5" nail', 'a "b"'],
        [undefined, 'x'],
        ['ü', 'y'],
      ],
    );
    assertNames(rows[1]?.problem ?? '', '"text"', 'UTF-8');
  });

  it('names file and line of a quote that is never closed', async () => {
    const file = write('open.csv', 'text\none\n"two\nthree\n');
    assertNames(await refusal(async () => readAll(await open(file))), file, 'line 3', 'quote');
  });

  it('names the columns that there are, and refuses a name twice and an empty file', async () => {
    assertNames(await refusal(() => open(write('a.csv', 'id,body\n'))), '"text"', '"id"', '"body"');
    assertNames(await refusal(() => open(write('b.csv', 'text,text\n'))), 'two columns "text"');
    assertNames(await refusal(() => open(write('c.csv', ''))), 'empty');
  });

  it('reads beside two columns of one name that nobody asks for, each row with all its fields', async () => {
    const file = write('twice.csv', 'n,text,n,,\n1,one,2,,\n3,two,4\n5,three,6,,\n');
    const rows = await readAll(await open(file));
    assert.deepEqual(
      rows.map(({ texts }) => texts?.[0]),
      ['one', undefined, 'three'],
    );
    assertNames(rows[1]?.problem ?? '', '3 fields', '5');
    for (const wanted of [{ keep: ['n'] }, { idColumn: 'n' }, { textColumns: ['n'] }]) {
      assertNames(await refusal(() => open(file, wanted)), 'two columns "n"');
    }
  });

  it('reads any cells that are written as RFC 4180 says', async () => {
    const cells = fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), { maxLength: 20 });
    const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(cells, async (rows) => {
        const valid = rows.map((row) => row.map((cell) => cell.toWellFormed()));
        const file = write(
          'any.csv',
          `text,other\r\n${valid.map((row) => `${row.map(quote).join(',')}\r\n`).join('')}`,
        );
        const read = await readAll(await open(file, { keep: ['other'] }));
        assert.deepEqual(
          read.map(({ texts, kept }) => [texts?.[0], kept[0]]),
          valid,
        );
      }),
      { seed: 19, numRuns: 60 },
    );
  });
});

describe('inputs', () => {
  it('reads several of several formats one after the other, and numbers rows over all', async () => {
    const inputs = [write('one.txt', 'a\nb'), write('two.jsonl', '{"text":"c"}'), write('three.csv', 'text\nd\ne')];
    const source = await open(inputs);
    const rows = await readAll(source);
    assert.deepEqual(
      rows.map(({ number, id, texts }) => [number, id, texts?.[0]]),
      ['a', 'b', 'c', 'd', 'e'].map((text, i) => [i, i, text]),
    );
    for (let from = 0; from <= 5; from++) assert.deepEqual(await readAll(source, from), rows.slice(from));
    assert.equal(source.count, null);
    assert.deepEqual(
      source.files.map(({ path: file }) => file),
      inputs,
    );
  });

  it('reads the files of a folder and of a glob in the order of their names, without hidden ones', async () => {
    for (const name of ['part-2.txt', 'part-10.txt', 'sub/part-1.txt', '_SUCCESS.txt', '.part-2.txt.crc']) {
      write(`parts/${name}`, name);
    }
    const parts = path.join(folder, 'parts');
    assert.deepEqual(await textsOf(parts), ['part-10.txt', 'part-2.txt', 'sub/part-1.txt']);
    assert.deepEqual(await textsOf(path.join(parts, 'part-*.txt')), ['part-10.txt', 'part-2.txt']);
  });

  it('takes a path as it is before it takes it as a glob', async () => {
    assert.deepEqual(await textsOf(write('a[1].txt', 'one')), ['one']);
  });

  it('reads standard input where it was spooled, in the format that was said', async () => {
    const spooledInput = write('spooled', '{"text":"a"}\n{');
    const source = await open('-', { inputFormat: 'jsonl', spooledInput });
    assert.deepEqual(
      (await readAll(source)).map(({ place, problem }) => [place, problem]),
      [
        ['standard input, line 1', null],
        ['standard input, line 2', 'it is no JSON object'],
      ],
    );
    assertNames(await refusal(() => open('-', { spooledInput })), 'format', 'jsonl');
  });

  it('refuses what cannot be read before any row, and names it', async () => {
    const cases: [string, ...string[]][] = [
      ['absent.txt', 'not there'],
      ['none-*.txt', 'matches no file'],
      [write('a.doc', 'x'), '.parquet'],
      [write('a.txt.zst', 'x'), '.zst'],
      [write('utf16.txt', Buffer.from('\ufeffa', 'utf16le')), 'UTF-16'],
      [write('zipped.csv', gzipSync('text\n')), 'gzip'],
      [write('table.txt', readFileSync(fixture('pandas.parquet'))), 'Parquet'],
      [path.dirname(write('empty/x.doc', '')), 'no file of rows'],
      [path.dirname(path.dirname(write('mixed/a/x.txt', ''))), 'mixed'],
    ];
    write('mixed/y.csv', 'text\n');
    for (const [input, ...names] of cases) assertNames(await refusal(() => open(input)), input, ...names);
    assertNames(await refusal(() => open(write('body.txt', 'x'), { textColumns: ['body'] })), '"body"', '"text"');
  });

  it('refuses a pipe, which cannot be read twice', { skip: process.platform === 'win32' }, async () => {
    const pipe = path.join(folder, 'pipe.txt');
    execFileSync('mkfifo', [pipe]);
    assertNames(await refusal(() => open(pipe)), pipe, 'FIFO', '-');
  });

  it('names a gzip file that ends too early', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i * 7919}`).join('\n');
    const file = write('cut.txt.gz', gzipSync(lines).subarray(0, 40_000));
    assertNames(await refusal(async () => readAll(await open(file))), file, 'truncated');
  });
});

describe('Parquet', () => {
  it('names the columns that there are, and a column that cannot be read', async () => {
    const pandas = fixture('pandas.parquet');
    assertNames(await refusal(() => open(pandas, { textColumns: ['body'] })), pandas, '"body"', '"title"');
    assertNames(await refusal(() => open(pandas, { textColumns: ['id'] })), pandas, '"id"', 'INT64');
    assertNames(await refusal(() => open(fixture('nested.parquet'), { keep: ['tags'] })), '"tags"', 'list');
  });

  it('reads a column that is null in all rows, in LZ4, and knows the type of ids', async () => {
    const rows = await readAll(await open(fixture('all-nulls-lz4.parquet'), { idColumn: 'day', keep: ['note'] }));
    assert.deepEqual(
      rows.map(({ texts, kept, id, idType }) => [texts, kept, cellJson(id, idType)]),
      [
        [['a text'], [null], '"2024-02-29"'],
        [null, [null], '"1969-12-31"'],
      ],
    );
  });

  it('gives a text that is null or not UTF-8 a problem', async () => {
    const rows = await readAll(await open(fixture('broken-text.parquet')));
    assert.deepEqual(
      rows.map(({ problem }) => problem),
      [null, '"text" is not valid UTF-8', '"text" is null'],
    );
  });

  it('refuses a truncated file, and names it', async () => {
    const whole = readFileSync(fixture('pyarrow-snappy.parquet'));
    for (const length of [0, 3, 11, 100, whole.length - 1]) {
      const file = write('cut.parquet', whole);
      truncateSync(file, length);
      assertNames(await refusal(() => open(file)), file, 'truncated');
    }
  });

  it('names a file with damaged pages, and never gives rows that are not in it', async () => {
    const whole = readFileSync(fixture('pyarrow-gzip.parquet'));
    let damaged = 0;
    for (let at = 4; at < 600; at += 7) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] as number) ^ 0xff;
      const file = write('damaged.parquet', bytes);
      try {
        for (const { texts } of await readAll(await open(file)))
          assert.ok(texts === null || typeof texts[0] === 'string');
      } catch (error) {
        assert.ok(error instanceof StartError, String(error));
        assertNames(error.message, file, 'damaged');
        damaged += 1;
      }
    }
    assert.ok(damaged > 20, `${damaged} seen`);
  });

  it('goes on at any row of several files, and knows how many there are', async () => {
    const source = await open(['pandas.parquet', 'pyarrow-v2-pages.parquet', 'polars.parquet'].map(fixture));
    const all = await readAll(source);
    assert.equal(source.count, 36);
    assert.equal(all.length, 36);
    for (let from = 0; from <= 36; from++) assert.deepEqual(await readAll(source, from), all.slice(from));
  });

  it('ends at a page whose size cannot be, also where the page is passed over', { timeout: 30_000 }, async () => {
    const name = fixture('pyarrow-small-pages.parquet');
    const whole = readFileSync(name);
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(name));
    const texts = Number(row_groups[0]!.columns[1]!.meta_data!.dictionary_page_offset);
    let refused = 0;
    for (let at = texts; at < texts + 20; at += 1) {
      const bytes = Buffer.from(whole);
      // The lowest bit of a size is its sign.
      bytes[at] = (bytes[at] as number) ^ 1;
      const source = await open(write('sizes.parquet', bytes));
      await readAll(source, 11).catch((error) => {
        assert.ok(error instanceof StartError, String(error));
        if (error.message.includes('does not end in its column')) refused += 1;
      });
    }
    assert.ok(refused > 0);
  });

  it('gives a merged source one type a column, and refuses types that cannot be one', async () => {
    const jsonl = write('more.jsonl', '{"text":"x","title":"t","millis":"2024-01-01"}');
    const merged = await open([fixture('pandas.parquet'), jsonl], { keep: ['title'] });
    assert.deepEqual((await merged.columnTypes()).kept, ['string']);
    const mixed = await open([fixture('kinds.parquet'), jsonl], { keep: ['millis'] });
    assertNames(await refusal(() => mixed.columnTypes()), '"millis"', jsonl);
  });
});
