import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type OutputLine, requestLine } from '../support/batches.ts';
import { spawnCli } from '../support/spawned-cli.ts';

describe('hotvec batch, interrupted or refused', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-batch-command-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const at = (name: string) => path.join(folder, name);
  const write = (name: string, lines: readonly string[]) => {
    writeFileSync(at(name), lines.join('\n'));
    return at(name);
  };
  const run = (...args: string[]) => spawnCli(['batch', ...args, '--device', 'cpu', '--threads', '1']);
  const linesOf = (name: string) =>
    readFileSync(at(name), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as OutputLine);

  it('gives the same file after kill -9 as without it', async () => {
    const lines = Array.from({ length: 1_500 }, (_, i) =>
      requestLine(`c${i}`, { input: i % 100 === 9 ? '' : `text ${i} of a few words` }),
    );
    const input = write('many.jsonl', lines);
    const first = run(input, '-o', at('killed.jsonl'));
    const partial = at('killed.jsonl.partial');
    while (!existsSync(partial) || statSync(partial).size < 10_000) await sleep(5);
    first.child.kill('SIGKILL');
    await first.exit;
    assert.ok(existsSync(partial) && !existsSync(at('killed.jsonl')), 'it was too fast to be killed');
    const size = statSync(partial).size;
    const apart = run(input, '-o', at('killed.jsonl'), '--errors', at('apart.jsonl'));
    assert.equal(await apart.exit, 1);
    assert.match(apart.output(), /other files for errors/);
    const [second, whole] = [run(input, '-o', at('killed.jsonl')), run(input, '-o', at('whole.jsonl'))];
    assert.deepEqual(await Promise.all([second.exit, whole.exit]), [65, 65], second.output() + whole.output());
    assert.ok(readFileSync(at('killed.jsonl')).equals(readFileSync(at('whole.jsonl'))));
    assert.ok(statSync(at('whole.jsonl')).size > size);
    assert.equal(linesOf('whole.jsonl').length, 1_500);
  });

  const input = () => write('good.jsonl', [requestLine('a', { input: 'x' })]);
  const refusals: [what: string, args: () => string[], code: number, message: RegExp][] = [
    [
      'a wrong line',
      () => [write('wrong.jsonl', ['{"custom_id"', '{}']), '-o', at('no')],
      1,
      /^line 1: .*JSON.*\nline 2: custom_id/m,
    ],
    ['an input that is not there', () => [at('absent'), '-o', at('no')], 1, /hotvec: .*absent is not there/],
    ['an output that is there', () => [input(), '-o', input()], 1, /exists.*--overwrite/],
    ['an output that is the input', () => [input(), '-o', input(), '--overwrite'], 1, /good\.jsonl is the input/],
    ['errors in the input', () => [input(), '-o', at('no'), '--errors', input(), '--overwrite'], 1, /is the input/],
    ['no output', () => [input()], 64, /--output is missing/],
    ['a setting that is none', () => [input(), '-o', at('no'), '--dtype', 'int1'], 78, /--dtype is "int1"/],
    ['a folder that is not there', () => [input(), '-o', at('absent/no')], 1, /hotvec: There is no folder .*absent/],
  ];
  for (const [what, args, code, message] of refusals) {
    it(`refuses ${what}`, async () => {
      const cli = spawnCli(['batch', ...args()]);
      assert.equal(await cli.exit, code, cli.output());
      assert.match(cli.output(), message);
      assert.ok(!existsSync(at('no')));
    });
  }

  it('refuses to go on with another input', async () => {
    writeFileSync(at('left.jsonl.partial'), '');
    const cli = run(input(), '-o', at('left.jsonl'));
    assert.equal(await cli.exit, 1);
    assert.match(cli.output(), /is of a run with another input, another model/);
    const anew = run(input(), '-o', at('left.jsonl'), '--overwrite');
    assert.equal(await anew.exit, 0, anew.output());
  });

  it('writes an output with one process alone', async () => {
    const lines = Array.from({ length: 1_500 }, (_, i) => requestLine(`c${i}`, { input: `text ${i}` }));
    const many = write('two.jsonl', lines);
    const both = [run(many, '-o', at('two.out')), run(many, '-o', at('two.out'))];
    const codes = await Promise.all(both.map(({ exit }) => exit));
    assert.deepEqual(codes.toSorted(), [0, 1]);
    assert.match(both[codes.indexOf(1)]?.output() ?? '', /^hotvec: Process \d+ writes .*two\.out already\.$/m);
    assert.equal(linesOf('two.out').length, 1_500);
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('two.out.')),
      [],
    );
  });
});
