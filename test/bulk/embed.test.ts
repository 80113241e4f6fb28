import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, before, describe, it, mock } from 'node:test';
import { runCommand } from '../../src/commands/run-command.ts';
import type { StopSignals } from '../../src/commands/stop-signals.ts';
import { cosine } from '../../src/tasks/embedding/cosine.ts';
import { assertNames } from '../support/assert-names.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { golden } from '../support/starter.ts';

interface OutputRow {
  id?: unknown;
  key?: unknown;
  embedding: number[];
}

const noSignals = { take() {} } as unknown as StopSignals;

/** The command line on the real starter: each start costs a second. */
describe('hotvec embed', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const references = golden.texts.filter(({ text }) => text !== '');
  const texts = references.map(({ text }) => text);
  /** Those that a text file can have. */
  const lines = references.filter(({ text }) => !/[\r\n]/.test(text));
  const place = (name: string) => path.join(folder, name);
  const write = (name: string, rows: readonly unknown[]) => {
    writeFileSync(
      place(name),
      rows.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
    );
    return place(name);
  };
  const embed = async (...args: string[]) => {
    const cli = spawnCli(['embed', ...args]);
    return { code: await cli.exit, output: cli.output() };
  };
  const readLines = <Line>(file: string) =>
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);

  type Refusal = [args: string[], code: number, ...facts: string[]];
  /** Each in a line, and without a trace. */
  const assertRefused = async (cases: readonly Refusal[], output: string) => {
    for (const [args, code, ...facts] of cases) {
      const said = mock.method(process.stderr, 'write', () => true);
      try {
        assert.equal(await runCommand(['embed', ...args], noSignals), code, args.join(' '));
        const told = said.mock.calls.map(({ arguments: [text] }) => String(text));
        const plain = told.filter((text) => !text.startsWith('{'));
        if (code !== 78) assert.match(plain.join(''), /^[^\n]+\n$/);
        assertNames(plain.join(''), ...facts);
      } finally {
        said.mock.restore();
      }
      assert.ok(!existsSync(`${output}.partial`), args.join(' '));
    }
  };

  it('writes the vectors of the reference in input order, equal texts once, and tells which rows failed and why', async () => {
    const rows = [
      ...texts.map((text, i) => ({ key: `k${i}`, text })),
      { key: 'empty', text: '' },
      { key: 'again', text: texts[0] },
    ];
    const input = write('golden.jsonl', [...rows, '{"key": "broken', { key: 'none' }]);
    const output = place('golden.out.jsonl');
    const { code, output: said } = await embed(input, '-o', output, '--id-column', 'key');
    assert.equal(code, 65);
    assertNames(said, `${output}.errors.jsonl`, '3 of ', `${texts.length + 1} rows, 1 of them`);
    const found = readLines<OutputRow>(output);
    assert.deepEqual(
      found.map(({ key }) => key),
      [...texts.map((_, i) => `k${i}`), 'again'],
    );
    for (const [i, { vector }] of references.entries()) {
      const difference = Math.max(
        ...vector.map((component, n) => Math.abs(component - (found[i]?.embedding[n] ?? Number.NaN))),
      );
      assert.ok(difference < 2e-6, `text ${i} is off by ${difference}`);
    }
    assert.deepEqual(found.at(-1)?.embedding, found[0]?.embedding);
    const errors = readLines<{ row: number; place: string; id: unknown; error: { code: string; message: string } }>(
      `${output}.errors.jsonl`,
    );
    assert.deepEqual(
      errors.map(({ row, place: where, error }) => [row, where, error.code]),
      [
        [texts.length, `${input}, line ${texts.length + 1}`, 'empty_input'],
        [texts.length + 2, `${input}, line ${texts.length + 3}`, 'invalid_input'],
        [texts.length + 3, `${input}, line ${texts.length + 4}`, 'invalid_input'],
      ],
    );
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('partial')),
      [],
      'nothing is left',
    );
  });

  it('gives vectors as they are asked for: prompt, dimensions, precision', async () => {
    const input = write(
      'queries.txt',
      lines.map(({ text }) => text),
    );
    const output = place('queries.jsonl');
    const { code } = await embed(input, '-o', output, '--input-type', 'query', '--dimensions', '64', '--quiet');
    assert.equal(code, 0);
    const found = readLines<OutputRow>(output);
    assert.equal(found[0]?.embedding.length, 64);
    assert.ok(cosine(found[0]?.embedding ?? [], lines[0]?.query_vector.slice(0, 64) ?? []) > 0.999999);
    assert.deepEqual(
      found.map(({ id }) => id),
      lines.map((_, i) => i),
      'without a column, ids are row numbers',
    );
    const bits = await embed(
      input,
      '-o',
      place('bits.jsonl'),
      '--output-dtype',
      'ubinary',
      '--no-normalize',
      '--quiet',
    );
    assert.equal(bits.code, 0);
    assert.equal(readLines<OutputRow>(place('bits.jsonl'))[0]?.embedding.length, 32);
  });

  it('refuses what cannot be done before any work, in a line that names it, and leaves nothing', async () => {
    const input = write('one.txt', ['a text']);
    const keyed = write('keyed.jsonl', [{ key: 1, text: 'a text' }]);
    const output = place('refused.jsonl');
    write('taken.rows.jsonl', [{ text: 'of something else' }]);
    const cases: Refusal[] = [
      [[input], 64, '--output'],
      [['-o', output], 64, 'input'],
      [[input, '-o', place('refused.xml')], 64, 'refused.xml', '--output-format'],
      [[input, '-o', output, '--nonsense', '1'], 64, '--nonsense'],
      [[input, '-o', output, '--dimensions', '-3'], 64, '--dimensions'],
      [[input, '-o', output, '--output-dtype', 'int4'], 64, '--output-dtype', 'int4', 'ubinary'],
      [[input, '-o', output, '--shard', '3/3'], 64, '--shard', '3/3'],
      [['-', '-o', output], 64, '--input-format'],
      [[input, '-o', output, '--device', 'abacus'], 78, '--device', 'abacus'],
      [[place('absent.txt'), '-o', output], 1, 'absent.txt'],
      [[input, '-o', path.join(folder, 'absent', 'a.jsonl')], 1, path.join(folder, 'absent')],
      [[input, '-o', place('refused.jsonl/')], 64, 'refused.jsonl/', 'folder'],
      [[input, '-o', output, '--keep', '--quiet'], 64, '--keep'],
      [[input, '-o', path.join(input, 'in-a-file.jsonl')], 1, path.join(input, 'in-a-file.jsonl'), 'no folder'],
      [[input, '-o', place(`${'long'.repeat(62)}.jsonl`)], 1, 'longlong', 'too long'],
      [[input, '-o', place(`${'long'.repeat(99)}.jsonl`)], 1, 'longlong', 'too long'],
      [[keyed, '-o', keyed, '--overwrite'], 1, keyed, 'input'],
      [[place('*keyed.jsonl'), '-o', keyed, '--overwrite'], 1, keyed, 'input'],
      [[input, '-o', place('taken.npy')], 1, 'taken.rows.jsonl', '--overwrite'],
      [[place('taken.rows.jsonl'), '-o', place('taken.npy'), '--overwrite'], 1, 'taken.rows.jsonl', 'input'],
      [[keyed, '-o', output, '--keep', 'key,key'], 1, 'key'],
      [[keyed, '-o', output, '--text-column', 'body'], 1, keyed, 'body'],
      [[input, '-o', output, '--dimensions', '7777'], 1, '--dimensions', '7777'],
      [[input, '-o', output, '--dimensions', '100', '--output-dtype', 'binary'], 1, '--output-dtype', '--dimensions'],
      [[input, '-o', output, '--model', 'starter-reranker'], 1, 'starter-reranker', 'embeds'],
    ];
    await assertRefused(cases, output);
    assert.ok(!existsSync(output));
    assert.equal(readFileSync(keyed, 'utf8'), '{"key":1,"text":"a text"}\n');
  });

  it('replaces no link and nothing that is no file, nor an input that a link leads to', {
    skip: process.platform === 'win32',
  }, async () => {
    const input = write('linked.jsonl', [{ text: 'a text' }]);
    const link = place('link.jsonl');
    symlinkSync(input, link);
    const pipe = place('pipe.jsonl');
    execFileSync('mkfifo', [pipe]);
    const cases: Refusal[] = [
      [[input, '-o', link, '--overwrite'], 1, link, 'link'],
      [[input, '-o', pipe, '--overwrite'], 1, pipe, 'FIFO'],
      [[link, '-o', input, '--overwrite'], 1, link, 'input'],
    ];
    await assertRefused(cases, link);
  });

  it('is interrupted by SIGINT with 130, and goes on: the file is that of a run that was not', async () => {
    const input = write(
      'long.txt',
      Array.from({ length: 6_000 }, (_, i) => `text ${i % 5_000} ${'of some words '.repeat(i % 25)}`),
    );
    const whole = place('whole.jsonl');
    assert.equal((await embed(input, '-o', whole, '--max-batch-tokens', '256')).code, 0);
    const output = place('interrupted.jsonl');
    const cli = spawnCli(['embed', input, '-o', output, '--max-batch-tokens', '256']);
    const journal = path.join(`${output}.partial`, 'journal');
    while (!existsSync(journal) || readFileSync(journal, 'utf8') === '') {
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 5)), cli.exit]);
    }
    cli.child.kill('SIGSTOP');
    const second = await embed(input, '-o', output);
    assert.equal(second.code, 1, second.output);
    assertNames(second.output, String(cli.child.pid));
    cli.child.kill('SIGCONT');
    cli.child.kill('SIGINT');
    assert.equal(await cli.exit, 130, cli.output());
    assertNames(cli.output(), `${output}.partial`, '--overwrite');
    assert.ok(!existsSync(output));
    const done = readFileSync(journal, 'utf8').split('\n').length - 1;

    const other = await embed(input, '-o', output, '--dimensions', '64');
    assert.equal(other.code, 1);
    assertNames(other.output, '--dimensions', '"64"', '--overwrite');
    assert.equal((await embed(input, '-o', output)).code, 0);
    assert.ok(readFileSync(output).equals(readFileSync(whole)));
    assert.ok(done > 0 && !existsSync(`${output}.partial`));

    const present = await embed(input, '-o', output);
    assert.equal(present.code, 1);
    assertNames(present.output, output, '--overwrite', '--skip-existing');
    assert.equal((await embed(input, '-o', output, '--overwrite')).code, 0);
  });

  it('does nothing with --skip-existing where the output is there, and says by its code what the run said that wrote it', async () => {
    const input = write('again.jsonl', [{ text: 'a text' }, { text: '' }]);
    const output = place('again.npy');
    assert.equal((await embed(input, '-o', output, '--skip-existing')).code, 65, 'it is not there yet');
    const files = ['again.npy', 'again.rows.jsonl', 'again.npy.errors.jsonl'].map(place);
    const before = files.map((file) => readFileSync(file));
    // Nothing is read or loaded for it.
    const again = await embed(place('absent.jsonl'), '-o', output, '--skip-existing', '--model', place('absent'));
    assert.equal(again.code, 65, again.output);
    assertNames(again.output, output, 'there already');
    rmSync(`${output}.errors.jsonl`);
    assert.equal((await embed(input, '-o', output, '--skip-existing')).code, 0);
    assert.deepEqual(
      files.slice(0, 2).map((file) => readFileSync(file)),
      before.slice(0, 2),
    );
    assert.ok(!existsSync(`${output}.partial`));
    rmSync(output);
    await assertRefused(
      [
        [[input, '-o', output, '--skip-existing'], 1, 'again.rows.jsonl', '--overwrite'],
        [[input, '-o', output, '--skip-existing', '--overwrite'], 64, '--skip-existing', '--overwrite'],
      ],
      output,
    );
  });
});
