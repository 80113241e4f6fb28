import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../support/seeded-random.ts';
import { spawnCli } from '../support/spawned-cli.ts';

const KILLS = 20;
const ROWS = 16_000;
/** A run that is not killed takes longer: 16 windows, besides its start. */
const LONGEST_LIFE_MS = 4_000;
const FORMATS = ['parquet', 'npy', 'jsonl'];

/** The real command line on the real starter. */
describe('hotvec embed, killed', () => {
  let folder: string;
  let input: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    input = path.join(folder, 'corpus.jsonl');
    const seeded = new SeededRandom(19);
    const random = () => seeded.next();
    const rows = Array.from({ length: ROWS }, (_, i) => {
      // One in eight has the text of another; some have none, and some lines are broken.
      const text = `text ${Math.floor(random() * 7 * ROWS)} ${'of some words '.repeat(Math.floor(random() * 40))}`;
      const of = i % 8 === 0 ? `one of ${Math.floor(random() * 500)}` : text;
      if (i % 997 === 0) return '{"text": ';
      return JSON.stringify({ key: `k${i}`, text: i % 333 === 0 ? '' : of, n: i });
    });
    writeFileSync(input, `${rows.join('\n')}\n`);
  });
  after(() => rmSync(folder, { recursive: true }));
  const start = (output: string) =>
    spawnCli(['embed', input, '-o', output, '--id-column', 'key', '--keep', 'n', '--log-level', 'warn']);
  /** Everything that a run leaves, by the end of its name. */
  const filesOf = (output: string) => {
    const stem = path.basename(output).replace(/\.\w+$/, '');
    const names = readdirSync(folder).filter((name) => name.startsWith(`${stem}.`));
    return Object.fromEntries(
      names.sort().map((name) => [name.slice(stem.length), readFileSync(path.join(folder, name))]),
    );
  };

  for (const [seed, format] of FORMATS.entries()) {
    it(`writes the same ${format} after ${KILLS} kills at random moments as without any`, async (t) => {
      const whole = path.join(folder, `whole-${format}.${format}`);
      assert.equal(await start(whole).exit, 65);
      const random = new SeededRandom(100 + seed);
      const output = path.join(folder, `killed-${format}.${format}`);
      let done = 0;
      for (let kills = 0; kills < KILLS; ) {
        const cli = start(output);
        const ended = await Promise.race([cli.exit, sleep(random.next() * LONGEST_LIFE_MS, null, { ref: false })]);
        if (ended === null) {
          assert.ok(!existsSync(output) || existsSync(`${output}.partial`), 'the name is for what is whole');
          cli.child.kill('SIGKILL');
          assert.equal(await cli.exit, 'SIGKILL');
          kills += 1;
          continue;
        }
        assert.equal(ended, 65, cli.output());
        done += 1;
        assert.deepEqual(filesOf(output), filesOf(whole));
        for (const name of readdirSync(folder)) if (name.startsWith('killed-')) rmSync(path.join(folder, name));
      }
      t.diagnostic(`${done} runs were done between the kills`);
      assert.equal(await start(output).exit, 65);
      assert.deepEqual(filesOf(output), filesOf(whole));
    });
  }
});
