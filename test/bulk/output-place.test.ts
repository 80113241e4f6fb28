import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { takeOutput } from '../../src/bulk/output-place.ts';
import { type RunConditions, writeConditions } from '../../src/bulk/run-conditions.ts';
import { assertNames } from '../support/assert-names.ts';

const CONDITIONS: RunConditions = {
  version: '0.0.0',
  flags: {},
  inputs: [],
  source: { model: 'm', fingerprint: 'f', device: 'cpu', dimensions: null, isUnit: false },
  replaces: false,
};

describe('takeOutput()', () => {
  let parent: string;
  let output: string;
  let folder: string;
  beforeEach(() => {
    parent = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    output = path.join(parent, 'out.jsonl');
    folder = `${output}.partial`;
  });
  afterEach(() => rmSync(parent, { recursive: true }));
  const leave = (...names: string[]) => {
    mkdirSync(folder, { recursive: true });
    for (const name of names) writeFileSync(path.join(folder, name), 'of a killed process');
  };
  const take = (flags: { overwrite?: boolean; skipExisting?: boolean } = {}) =>
    takeOutput({ output, format: 'jsonl', overwrite: false, skipExisting: false, ...flags });
  const others = () => readdirSync(folder).filter((name) => !name.startsWith('running.'));

  it('believes nothing in the folder that no conditions are written for: results, standard input', async () => {
    leave('values', 'digests', 'failures', 'journal', 'input', 'finishing');
    const place = await take();
    assert.equal(place.begun, null);
    assert.deepEqual(others(), []);
    await place.leave({ keep: false });
    assert.ok(!existsSync(folder));
  });

  it('keeps what belongs to the conditions of a run', async () => {
    leave('values', 'journal', 'input');
    await writeConditions(folder, CONDITIONS);
    const place = await take();
    assert.deepEqual(place.begun, CONDITIONS);
    await place.leave({ keep: true });
    assert.deepEqual(others().sort(), ['input', 'journal', 'run.json', 'values']);
  });

  it('takes an output as done, if it was told to, whose process did not get to remove the folder', async () => {
    writeFileSync(output, 'whole');
    leave('values', 'finishing');
    const done = await take({ skipExisting: true });
    assert.ok(done.isDone);
    await done.leave({ keep: false });
    leave('values', 'finishing');
    await assert.rejects(take(), (error: Error) => {
      assertNames(error.message, output, '--overwrite', '--skip-existing');
      return error.name === 'StartError';
    });
    assert.ok(!existsSync(folder), 'there is nothing in it to go on with');
    assert.equal(readFileSync(output, 'utf8'), 'whole');
  });

  it('goes on with a run that was about to give the output its name, and takes none as done that it did not write', async () => {
    writeFileSync(output, 'of whom?');
    leave('values');
    await writeConditions(folder, CONDITIONS);
    await assert.rejects(take({ skipExisting: true }), { name: 'StartError' });
    leave('finishing');
    const place = await take({ skipExisting: true });
    assert.ok(!place.isDone);
    assert.deepEqual(place.begun, CONDITIONS);
    await place.leave({ keep: true });
  });
});
