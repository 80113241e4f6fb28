import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

const ROWS = 6_000;
/** A moment of a fraction of a millisecond may pass between two looks; each look that comes too late costs a run. */
const MOST_TRIES = 25;
const KILLS_AT_EACH = 2;

type Look = (output: string) => boolean;
const work = (name: string) => (output: string) => path.join(`${output}.partial`, name);
const conditions = work('run.json');
const finishing = work('finishing');
const rowsOf = (output: string) => output.replace(/npy$/, 'rows.jsonl');

/** What is seen on the disk when the process is at that place, and still after it was killed there. */
const WRITTEN = 'while the output is written';
const BEFORE_ITS_NAME = 'before the output gets its name';
const MOMENTS: Record<string, Look> = {
  [WRITTEN]: (output) =>
    (statSync(`${output}.unfinished`, { throwIfNoEntry: false })?.size ?? 0) > 0 && !existsSync(finishing(output)),
  [BEFORE_ITS_NAME]: (output) => existsSync(finishing(output)) && !existsSync(output),
  'when it has its name, and before the folder is emptied': (output) =>
    existsSync(output) && existsSync(conditions(output)),
  'while the folder is emptied': (output) => !existsSync(conditions(output)) && existsSync(`${output}.partial`),
};
const BETWEEN_TWO_NAMES: Look = (output) => existsSync(rowsOf(output)) && !existsSync(output);

/** The moments that random kills do not meet: all is computed, and files get their names. */
describe('hotvec embed, killed at its end', () => {
  let folder: string;
  let input: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    input = path.join(folder, 'corpus.jsonl');
    const rows = Array.from({ length: ROWS }, (_, i) =>
      JSON.stringify({ key: `k${i}`, text: i % 1_000 === 0 ? '' : `text ${i % 700}`, n: i }),
    );
    writeFileSync(input, `${rows.join('\n')}\n`);
  });
  after(() => rmSync(folder, { recursive: true }));
  const start = (output: string, ...more: string[]) =>
    spawnCli(['embed', input, '-o', output, '--id-column', 'key', '--keep', 'n', '--log-level', 'warn', ...more]);
  const filesOf = (output: string) => {
    const stem = path.basename(output).replace(/\.\w+$/, '');
    const names = readdirSync(folder).filter((name) => name.startsWith(`${stem}.`));
    return Object.fromEntries(
      names.sort().map((name) => [name.slice(stem.length), readFileSync(path.join(folder, name))]),
    );
  };
  const remove = (output: string) => {
    const stem = path.basename(output).replace(/\.\w+$/, '');
    for (const name of readdirSync(folder)) {
      if (name.startsWith(`${stem}.`)) rmSync(path.join(folder, name), { recursive: true });
    }
  };
  /** Looks without a pause until `look` sees what it waits for, and kills at once. @returns whether that is what it left. */
  const killAt = async (cli: SpawnedCli, look: () => boolean): Promise<boolean> => {
    for (let isOver = false; !isOver; ) {
      // A promise is told of the end only between such rounds.
      for (let i = 0; i < 2_000; i++) {
        if (!look()) continue;
        cli.child.kill('SIGKILL');
        await cli.exit;
        return look();
      }
      isOver = await Promise.race([cli.exit.then(() => true), new Promise<false>((go) => setImmediate(go, false))]);
    }
    return false;
  };

  for (const format of ['parquet', 'npy', 'jsonl']) {
    it(`writes the same ${format} as without a kill`, async (t) => {
      const whole = path.join(folder, `whole-${format}.${format}`);
      assert.equal(await start(whole).exit, 65);
      const expected = filesOf(whole);
      const output = path.join(folder, `killed-${format}.${format}`);
      const computed = path.join(folder, `computed-${format}`);
      const named = MOMENTS[BEFORE_ITS_NAME] as Look;
      while (!(await killAt(start(output), () => named(output)))) remove(output);
      // Each try begins here: nothing has to be computed for it.
      rmSync(finishing(output));
      cpSync(`${output}.partial`, computed, { recursive: true });

      const moments = { ...MOMENTS, ...(format === 'npy' ? { 'between two names': BETWEEN_TWO_NAMES } : {}) };
      for (const [moment, look] of Object.entries(moments)) {
        // A row group is written at once, and this is the last one.
        if (format === 'parquet' && moment === WRITTEN) continue;
        let kills = 0;
        let tries = 0;
        for (; kills < KILLS_AT_EACH; tries++) {
          assert.ok(tries < MOST_TRIES, `${moment}: killed ${kills} times in ${tries} tries`);
          remove(output);
          cpSync(computed, `${output}.partial`, { recursive: true });
          const cli = start(output);
          if (await killAt(cli, () => look(output))) kills += 1;
          const again = start(output, '--skip-existing');
          assert.equal(await again.exit, 65, `${moment}: ${again.output()}`);
          assert.deepEqual(filesOf(output), expected, moment);
        }
        t.diagnostic(`${moment}: ${kills} kills in ${tries} tries`);
      }
    });
  }
});
