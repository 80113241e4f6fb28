import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { claimPartial, partialBytes } from '../../../src/model-files/hub/partial-file.ts';

const host = hostname().replace(/[^\w-]/g, '_');
/** Above every possible process id of Linux. */
const DEAD = 2 ** 22 + 1;
let folder: string;
let blob: string;

describe('claimPartial()', () => {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    blob = path.join(folder, 'abc');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const leave = (owner: string, text: string, minutesAgo = 0) => {
    const file = `${blob}.${owner}.incomplete`;
    writeFileSync(file, text);
    const time = Date.now() / 1000 - 60 * minutesAgo;
    utimesSync(file, time, time);
    return file;
  };

  it('takes over the longest that dead processes left, and removes the others', async () => {
    const short = leave(`${host}.${DEAD}`, 'ab');
    const long = leave(`elsewhere.17`, 'abcd', 60);
    assert.equal(await partialBytes(blob), 4);
    const own = await claimPartial(blob);
    assert.equal(readFileSync(own, 'utf8'), 'abcd');
    assert.ok(!existsSync(short) && !existsSync(long));
    assert.equal(await claimPartial(blob), own, 'and finds its own again');
  });

  it('leaves alone what a living process writes, or another machine may', async () => {
    const files = [
      leave(`${host}.${process.ppid}`, 'abc'),
      leave('elsewhere.17', 'abcd'),
      path.join(folder, 'abcd.incomplete'),
    ];
    writeFileSync(files[2] as string, 'a partial of another tool');
    const own = await claimPartial(blob);
    assert.ok(!existsSync(own));
    for (const file of files) assert.ok(existsSync(file), file);
  });
});
