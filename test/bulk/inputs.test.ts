import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { assertNames } from '../support/assert-names.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { staticCases, staticFixtures } from '../support/static-fixtures.ts';

const model = path.join(staticFixtures, 'sentence-transformers');
const cases = staticCases('sentence-transformers').filter(
  ({ text, cut }) => text.trim() !== '' && !/[\r\n]/.test(text) && !cut,
);

/** On a static model, which starts at once. */
describe('hotvec embed, its inputs', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    cases.forEach(({ text }, i) => {
      writeFileSync(place(`part-${i}.jsonl`), `${JSON.stringify({ id: i, text })}\n`);
    });
  });
  after(() => rmSync(folder, { recursive: true }));
  const place = (name: string) => path.join(folder, name);
  const embed = async (...args: string[]) => {
    const cli = spawnCli(['embed', ...args, '--model', model, '--quiet']);
    return { code: await cli.exit, output: cli.output() };
  };
  const idsOf = (name: string) =>
    readFileSync(place(name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: number }).id);

  it('reads standard input, gives the vectors of the reference, and keeps nothing of it', async () => {
    const output = place('stdin.jsonl');
    const cli = path.join(packageRoot, 'dist', 'src', 'cli.js');
    const child = spawn(process.execPath, [
      cli,
      'embed',
      '-',
      '--input-format',
      'txt',
      '-o',
      output,
      '--model',
      model,
      '--quiet',
    ]);
    child.stdin.end(cases.map(({ text }) => `${text}\n`).join(''));
    const [code] = await once(child, 'close');
    assert.equal(code, 0);
    const rows = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { embedding: number[] }).embedding);
    assert.equal(rows.length, cases.length);
    for (const [i, { vector }] of cases.entries()) {
      for (const [n, component] of vector.entries())
        assert.ok(Math.abs(component - (rows[i]?.[n] ?? Number.NaN)) < 2e-6);
    }
    assert.ok(!existsSync(`${output}.partial`));
  });

  it('divides files and rows among shards, so that each row is in one', async () => {
    const glob = place('part-*.jsonl');
    const whole = await embed(glob, '-o', place('whole.jsonl'), '--id-column', 'id');
    assert.equal(whole.code, 0, whole.output);
    for (const [what, input, of] of [
      ['files', glob, 2],
      ['rows', place('whole-input.jsonl'), 3],
    ] as const) {
      writeFileSync(
        place('whole-input.jsonl'),
        cases.map(({ text }, i) => `${JSON.stringify({ id: i, text })}\n`).join(''),
      );
      const ids: number[] = [];
      for (let index = 0; index < of; index++) {
        const name = `${what}-${index}.jsonl`;
        const { code, output } = await embed(
          input,
          '-o',
          place(name),
          '--id-column',
          'id',
          '--shard',
          `${index}/${of}`,
        );
        assert.equal(code, 0, output);
        ids.push(...idsOf(name));
      }
      assert.deepEqual(
        ids.toSorted((a, b) => a - b),
        cases.map((_, i) => i),
        what,
      );
    }
  });

  it('refuses a Parquet file that is truncated, and goes on with no input that was changed', async () => {
    const parquet = place('vectors.parquet');
    assert.equal((await embed(place('part-0.jsonl'), '-o', parquet, '--keep', 'text')).code, 0);
    writeFileSync(place('short.parquet'), readFileSync(parquet).subarray(0, -20));
    const { code, output } = await embed(place('short.parquet'), '-o', place('short.jsonl'));
    assert.equal(code, 1);
    assert.match(output, /^[^\n]+\n$/);
    assertNames(output, place('short.parquet'));
    assert.ok(!existsSync(place('short.jsonl.partial')));
    assert.equal((await embed(parquet, '-o', place('again.jsonl'))).code, 0);
  });
});
