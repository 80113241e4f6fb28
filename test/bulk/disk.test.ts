import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertNames } from '../support/assert-names.ts';
import { shell } from '../support/poor-machine.ts';

/** In a namespace of its own, where it may mount a disk of any size. */
const IN_NAMESPACE = 'unshare --user --map-root-user --mount sh -c';
const mayMount = spawnSync('sh', ['-c', `${IN_NAMESPACE} 'mount -t tmpfs tmpfs /mnt'`]).status === 0;

describe('hotvec embed on a disk', { skip: !mayMount && 'needs unshare' }, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    const lines = Array.from({ length: 1_500 }, (_, i) => `text ${i}`);
    writeFileSync(path.join(folder, 'input.txt'), `${lines.join('\n')}\n`);
  });
  after(() => rmSync(folder, { recursive: true }));
  /** Runs commands where `/mnt` is a disk; `RUN FORMAT` embeds to `/mnt/out.FORMAT`. */
  const onDisk = (size: string, commands: string) => {
    const run = `"$0" "$1" embed ${folder}/input.txt --quiet --log-level error -o /mnt/out.`;
    const script = `mount -t tmpfs -o size=${size} tmpfs /mnt; ${commands.replaceAll('RUN ', run)}`;
    return shell(`${IN_NAMESPACE} '${script}' "$0" "$1"`);
  };

  // 1,500 vectors take 1.5 MB.
  it('that is full while it computes ends with a line, leaves nothing under the name, and goes on when there is room', async () => {
    const { output } = await onDisk(
      '400k',
      'RUN npy; echo "code $?"; ls /mnt; mount -o remount,size=9m /mnt; RUN npy; echo "code $?"; ls /mnt',
    );
    const [first = '', second = ''] = output.split(/(?<=code 1\n[^/]*)\/mnt\/out.npy: 1500 rows/);
    assertNames(first, '/mnt/out.npy.partial/values', 'full');
    assert.match(first, /code 1\nout\.npy\.partial\n$/);
    assert.match(second, /code 0\nout\.npy\nout\.rows\.jsonl\n$/);
  });

  it('that is full when the output is written ends so, too', async () => {
    const { output } = await onDisk(
      '2500k',
      'RUN jsonl; echo "code $?"; ls /mnt; mount -o remount,size=90m /mnt; RUN jsonl; echo "code $?"; ls /mnt',
    );
    assertNames(output, '/mnt/out.jsonl', 'full');
    assert.match(output, /code 1\nout\.jsonl\.partial\n/);
    assert.match(output, /code 0\nout\.jsonl\n$/);
  });

  it('where files may not be so large ends with a line', async () => {
    const { output } = await onDisk('9m', '(ulimit -f 1000; RUN npy; echo "code $?"); ls /mnt');
    assertNames(output, '/mnt/out.npy.partial/values', 'ulimit -f');
    assert.doesNotMatch(output, /\n +at /);
    assert.match(output, /code 1\nout\.npy\.partial\n$/);
  });

  it('that is read-only ends with a line', async () => {
    const { output } = await onDisk('9m', 'mount -o remount,ro /mnt; RUN parquet; echo "code $?"; ls /mnt');
    assert.match(output, /^[^\n]*\/mnt[^\n]*read-only[^\n]*\ncode 1\n$/);
  });
});
