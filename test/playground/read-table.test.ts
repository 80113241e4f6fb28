import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOST_ROWS, readTable, UnreadableTableError } from '../../playground/collection/read-table.ts';
import { columnNames, likelyTextColumn, textRows } from '../../playground/collection/table-columns.ts';
import { tableFormat } from '../../playground/collection/table-format.ts';

describe('readTable()', () => {
  it('takes each line of a .txt as a text, and counts the blank ones', () => {
    const table = readTable('one\r\n\n  two "quoted", with a comma\n \nthree\n', 'txt');
    assert.deepEqual(table.rows, [['one'], ['  two "quoted", with a comma'], ['three']]);
    assert.equal(table.blankLines, 2);
    assert.deepEqual(readTable('one\rtwo\r\rthree', 'txt').rows, [['one'], ['two'], ['three']]);
  });

  it('reads quotes, line breaks in cells and any usual separator of a .csv', () => {
    const rows = [
      ['id', 'text'],
      ['1', 'a "word",\nand a line'],
    ];
    for (const separator of [',', ';', '\t']) {
      const text = `id${separator}text\n1${separator}"a ""word"",\nand a line"\n`;
      assert.deepEqual(readTable(text, 'csv').rows, rows, separator);
    }
    assert.equal(readTable('id,text\n1,a\n', 'csv').blankLines, 0);
    assert.equal(readTable('id,text\n\n1,a\n', 'csv').blankLines, 1);
  });

  it('has no blank line after what ends the last row of a .csv, whatever ends its rows', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const { rows, blankLines } = readTable(`text,label${end}one,a${end}`, 'csv');
      assert.deepEqual(
        [rows, blankLines],
        [
          [
            ['text', 'label'],
            ['one', 'a'],
          ],
          0,
        ],
      );
    }
  });

  it('keeps empty cells and rows of other lengths', () => {
    const table = readTable('a,b\n1\n,\n1,2,3\n', 'csv');
    assert.deepEqual(table.rows.slice(1), [['1'], ['', ''], ['1', '2', '3']]);
    assert.deepEqual(columnNames(table, true), ['a', 'b', 'column 3']);
  });

  it('makes columns of the fields of .jsonl, whichever row has them', () => {
    const table = readTable('{"a":"x","n":1.5}\n"alone"\n\n{"b":{"c":[true]},"a":null}\n', 'jsonl');
    assert.deepEqual(table.names, ['a', 'n', 'text', 'b']);
    assert.deepEqual(table.rows, [
      ['x', '1.5', '', ''],
      ['', '', 'alone', ''],
      ['', '', '', '{"c":[true]}'],
    ]);
  });

  it('refuses what it cannot read, and says where', () => {
    const refused: [string, 'txt' | 'csv' | 'jsonl', RegExp][] = [
      ['', 'txt', /no texts/],
      ['\n \n', 'txt', /no texts/],
      ['', 'csv', /no texts/],
      ['{"a":1}\n\n{"a":', 'jsonl', /Line 3 is not JSON/],
      ['{"a":1}\n[1]', 'jsonl', /Line 2/],
      ['a,b\n1,"never closed\n2,x', 'csv', /Row 2/],
    ];
    for (const [text, format, words] of refused) {
      assert.throws(
        () => readTable(text, format),
        (error) => error instanceof UnreadableTableError && words.test(error.message),
        text,
      );
    }
  });

  for (const format of ['txt', 'csv', 'jsonl'] as const) {
    it(`stops after ${MOST_ROWS} rows of ${format}, and says that there are more`, () => {
      const lines = (count: number) => Array.from({ length: count }, (_, i) => `"${i}"`).join('\n');
      const exact = textRows(readTable(lines(MOST_ROWS), format), false);
      assert.equal(exact.rows.length, MOST_ROWS);
      assert.equal(exact.hasMore, false);
      const more = textRows(readTable(lines(MOST_ROWS + 2), format), false);
      assert.equal(more.rows.length, MOST_ROWS);
      assert.equal(more.hasMore, true);
    });
  }

  it('does not count a first row of names', () => {
    const text = Array.from({ length: MOST_ROWS + 1 }, (_, i) => `${i}`).join('\n');
    const { rows, hasMore } = textRows(readTable(text, 'csv'), true);
    assert.deepEqual([rows.length, rows[0], hasMore], [MOST_ROWS, ['1'], false]);
  });
});

describe('columnNames()', () => {
  it('gives every column a name of its own', () => {
    const table = readTable('a, ,a,a (2)\n1,2,3,4', 'csv');
    assert.deepEqual(columnNames(table, true), ['a', 'column 2', 'a (2)', 'a (2) (2)']);
    assert.deepEqual(columnNames(table, false), ['column 1', 'column 2', 'column 3', 'column 4']);
  });
});

describe('likelyTextColumn()', () => {
  it('is the one with the longest cells', () => {
    assert.equal(
      likelyTextColumn([
        ['1', 'short', 'x'],
        ['22', 'a much longer text', ''],
      ]),
      1,
    );
  });
});

describe('tableFormat()', () => {
  it('goes by the extension, in any case', () => {
    const formats = ['a.TXT', 'b.c.csv', 'd.tsv', 'e.jsonl', 'f.ndjson'].map(tableFormat);
    assert.deepEqual(formats, ['txt', 'csv', 'csv', 'jsonl', 'jsonl']);
    for (const name of ['a.pdf', 'csv', 'a.constructor', '']) assert.equal(tableFormat(name), null, name);
  });
});
