import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { digestOf } from '../../src/bulk/text-digest.ts';
import { type DoneWindow, WorkFolder } from '../../src/bulk/work-folder.ts';

const RECORD = 8;

describe('WorkFolder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const file = (name: string) => path.join(folder, name);
  const windowOf = (first: number, rows: number): DoneWindow => ({
    rows,
    values: Buffer.alloc(rows * RECORD, first),
    digests: Buffer.concat(Array.from({ length: rows }, (_, i) => digestOf([`${first + i}`]))),
    failures: Buffer.from(first === 5 ? '' : `{"row":${first}}\n`),
    failed: first === 5 ? 0 : 1,
    shared: 2,
    tokens: 3,
  });
  /** Three windows of five rows. */
  const begin = async () => {
    const work = await WorkFolder.open(folder, RECORD);
    for (const first of [0, 5, 10]) await work.append(windowOf(first, 5));
    await work.close();
  };
  const reopened = async () => {
    const work = await WorkFolder.open(folder, RECORD);
    await work.close();
    return work.done;
  };

  it('has what was written, in a later process too', async () => {
    await begin();
    const work = await WorkFolder.open(folder, RECORD);
    const { rows, failed, shared, tokens } = work.done;
    assert.deepEqual({ rows, failed, shared, tokens }, { rows: 15, failed: 2, shared: 6, tokens: 9 });
    const stored = await work.readWindow(1);
    const { values, digests } = windowOf(5, 5);
    assert.deepEqual({ ...stored }, { rows: 5, values, digests });
    assert.ok(work.hasDigest(11, digestOf(['11'])));
    assert.ok(!work.hasDigest(11, digestOf(['12'])));
    const value = Buffer.alloc(RECORD);
    work.copyValue(11, value);
    assert.deepEqual(value, Buffer.alloc(RECORD, 10));
    assert.equal(readFileSync(work.failuresFile, 'utf8'), '{"row":0}\n{"row":10}\n');
    await work.close();
  });

  it('forgets what was written behind the last line of the journal, and a line that was torn', async () => {
    await begin();
    const sizes = ['values', 'digests', 'failures', 'journal'].map((name) => statSync(file(name)).size);
    for (const name of ['values', 'digests', 'failures']) appendFileSync(file(name), 'half of a window');
    const lines = readFileSync(file('journal'), 'utf8').split('\n');
    appendFileSync(file('journal'), lines[2]?.slice(0, -5) ?? '');
    assert.equal((await reopened()).rows, 15);
    assert.deepEqual(
      ['values', 'digests', 'failures', 'journal'].map((name) => statSync(file(name)).size),
      sizes,
    );
    writeFileSync(file('journal'), `${lines[0]}\n${lines[1]?.replace('"tokens":6', '"tokens":7')}\n${lines[2]}\n`);
    assert.equal((await reopened()).rows, 5, 'nothing behind a line that does not have its checksum');
  });

  it('goes back to the last window that the disk has', async () => {
    await begin();
    truncateSync(file('values'), 12 * RECORD);
    assert.equal((await reopened()).rows, 10);
    const values = readFileSync(file('values'));
    values[6 * RECORD] = 77;
    writeFileSync(file('values'), values);
    assert.equal((await reopened()).rows, 5);
    truncateSync(file('failures'), 0);
    assert.equal((await reopened()).rows, 0);
  });

  it('does not hand out a window that was damaged since', async () => {
    await begin();
    const work = await WorkFolder.open(folder, RECORD);
    const digests = readFileSync(file('digests'));
    digests[0] = 255 - (digests[0] as number);
    writeFileSync(file('digests'), digests);
    await assert.rejects(work.readWindow(0), { name: 'StartError' });
    await work.readWindow(1);
    await work.close();
  });
});
