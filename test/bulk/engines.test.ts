import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { fixtures } from '../support/starter.ts';
import { until } from '../support/supervised-engine.ts';

const ROWS = 400;
const CHOSEN = 'chose several engine processes for whole files';
const encoder = path.join(fixtures, 'encoder-folders', 'bert-mean-6.2');

/** The command line on real engine processes. */
describe('hotvec embed with several engine processes', () => {
  let folder: string;
  let input: string;
  const place = (name: string) => path.join(folder, name);
  const write = (name: string, rows: number) => {
    const random = new SeededRandom(131);
    const words = ['a', 'river', 'of', 'stone', 'trains', 'leave', 'early', '水', 'zwölf', '42'];
    const texts = Array.from({ length: rows }, (_, i) =>
      [String(i), ...Array.from({ length: random.integer(1, 80) }, () => random.pick(words))].join(' '),
    );
    writeFileSync(place(name), `${texts.join('\n')}\n`);
    return place(name);
  };
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    input = write('texts.txt', ROWS);
    // Weights of int8 are written beside it.
    cpSync(path.join(packageRoot, 'models', 'starter'), place('starter'), { recursive: true });
  });
  after(() => rmSync(folder, { recursive: true }));
  const start = (from: string, output: string, args: readonly string[]) =>
    spawnCli(['embed', from, '-o', place(output), '--device', 'cpu', '--truncate', 'end', ...args], {
      HF_HOME: folder,
    });
  const embed = async (output: string, ...args: string[]) => {
    const cli = start(input, output, args);
    const code = await cli.exit;
    assert.equal(code, 0, cli.output());
    const lines = cli
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const engines = new Set(lines.filter(({ msg }) => msg === 'engine ready').map(({ processId }) => processId)).size;
    return { engines, chosen: lines.find(({ msg }) => msg === CHOSEN), rows: readFileSync(place(output)) };
  };

  for (const [name, ...model] of [
    ['the starter in int8', '--model', '{folder}/starter', '--dtype', 'int8'],
    ['an encoder', '--model', encoder],
  ] as const) {
    it(`gives ${name} the same rows to the bit with any number of processes and threads`, async () => {
      const ways = [
        ['--engines-per-device', '1', '--threads', '1'],
        ['--engines-per-device', '1', '--threads', '2'],
        ['--engines-per-device', '2', '--threads', '4', '--max-batch-tokens', '300'],
      ];
      const runs = [];
      for (const [i, way] of ways.entries()) {
        runs.push(await embed(`${name}-${i}.npy`, ...model.map((word) => word.replace('{folder}', folder)), ...way));
      }
      assert.deepEqual(
        runs.map(({ engines }) => engines),
        [1, 1, 2],
      );
      const [first, ...others] = runs;
      assert.ok((first?.rows.length ?? 0) > ROWS * 4 * 8);
      for (const { rows } of others) assert.ok(first?.rows.equals(rows));
    });
  }

  it('says how many it chose, and is overridden', async () => {
    const own = await embed('own.npy', '--threads', '2');
    assert.deepEqual([own.engines, own.chosen?.engines, own.chosen?.threads], [2, 2, 1]);
    const told = await embed('told.npy', '--threads', '2', '--engines-per-device', '1');
    assert.deepEqual([told.engines, told.chosen], [1, undefined]);
    // 0 leaves the choice to it, as if nothing was said; and the rows are the same whatever it is.
    const left = await embed('left.npy', '--threads', '3', '--engines-per-device', '0');
    assert.deepEqual([left.engines, left.chosen?.engines], [3, 3]);
    const two = await embed('two.npy', '--threads', '2', '--engines-per-device', '2');
    assert.deepEqual([two.engines, two.chosen], [2, undefined]);
    for (const { rows } of [told, left, two]) assert.ok(own.rows.equals(rows));
  });

  it('goes on with another number where a run was killed, to the same bytes', async () => {
    const long = write('long.txt', 12_000);
    const whole = start(long, 'whole.npy', ['--engines-per-device', '2', '--threads', '2']);
    assert.equal(await whole.exit, 0, whole.output());
    const killed = start(long, 'killed.npy', ['--engines-per-device', '1']);
    const journal = path.join(place('killed.npy.partial'), 'journal');
    await until(() => (statSync(journal, { throwIfNoEntry: false })?.size ?? 0) > 0);
    killed.child.kill('SIGKILL');
    assert.equal(await killed.exit, 'SIGKILL');
    const rest = start(long, 'killed.npy', ['--engines-per-device', '2', '--threads', '2']);
    assert.equal(await rest.exit, 0, rest.output());
    const { rowsDone } = await rest.line('computing rows');
    assert.ok(Number(rowsDone) > 0 && Number(rowsDone) < 12_000, `${rowsDone} rows were done before`);
    for (const end of ['npy', 'rows.jsonl']) {
      assert.ok(readFileSync(place(`killed.${end}`)).equals(readFileSync(place(`whole.${end}`))), end);
    }
  });
});
