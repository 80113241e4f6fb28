import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readLines } from '../../src/batch-jobs/read-lines.ts';

describe('readLines', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-lines-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  async function read(text: string, maxBytes = 1e9) {
    const file = path.join(folder, 'file');
    writeFileSync(file, text);
    const lines = [];
    for await (const { bytes, number, end, isTooLong, isWhole } of readLines(file, maxBytes)) {
      lines.push([bytes.toString(), number, end, ...(isTooLong ? ['too long'] : []), ...(isWhole ? [] : ['open'])]);
    }
    return lines;
  }

  it('gives lines with their numbers and ends, without blank ones', async () => {
    assert.deepEqual(await read('a\r\n\n  \nbc \nd'), [
      ['a', 1, 3],
      ['bc', 4, 11],
      ['d', 5, 12, 'open'],
    ]);
    assert.deepEqual(await read(''), []);
    assert.deepEqual(await read('\ufeff{}\n'), [['{}', 1, 6]]);
  });

  it('gives lines that are longer than a piece of the file, and only the place of those that are too long', async () => {
    const long = 'x'.repeat(700_000);
    assert.deepEqual(await read(`${long}\né\n${long}y\nz`, 700_000), [
      [long, 1, 700_001],
      ['é', 2, 700_004],
      ['', 3, 1_400_006, 'too long'],
      ['z', 4, 1_400_007, 'open'],
    ]);
  });
});
