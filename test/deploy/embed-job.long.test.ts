import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { packageRoot } from '../../src/package-info.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { readEmbedJob } from './embed-job.ts';

const PARTS = 3;
const [container] = readEmbedJob().spec.template.spec.containers;

/** The command of the job as Kubernetes would run it, in folders of this machine, with the starter. */
describe('the command of deploy/kubernetes/bulk/embed-job.yaml', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-job-'));
  const texts = new Map<number, string>();
  before(() => {
    mkdirSync(path.join(folder, 'corpus'));
    mkdirSync(path.join(folder, 'vectors'));
    const random = new SeededRandom(7);
    for (let file = 0; file < 4; file++) {
      const ids = Array.from({ length: 300 + 100 * file }, (_, i) => 1_000 * file + i);
      for (const id of ids) texts.set(id, `${id} ${random.words()}`);
      const columnData = [
        { name: 'id', data: ids, type: 'INT32' as const },
        { name: 'text', data: ids.map((id) => texts.get(id)), type: 'STRING' as const },
      ];
      writeFileSync(path.join(folder, 'corpus', `${file}.parquet`), Buffer.from(parquetWriteBuffer({ columnData })));
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function start(index: number) {
    const [program = '', ...args] = (container?.command ?? []).map((word) =>
      word
        .replaceAll('/corpus/', `${folder}/corpus/`)
        .replaceAll('/vectors/', `${folder}/vectors/`)
        .replace('node dist/', `node ${packageRoot}/dist/`),
    );
    const child = spawn(program, args, {
      env: { PATH: process.env.PATH, PARTS: String(PARTS), JOB_COMPLETION_INDEX: String(index), THREADS: '1' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      errors += chunk;
    });
    return { child, ended: once(child, 'close').then(([code, signal]) => ({ code, signal, errors })) };
  }

  const fileOf = (index: number) => path.join(folder, 'vectors', `part-${index}.parquet`);
  const wellEnded = ({ code, errors }: { code: unknown; errors: string }) => assert.equal(code, 0, errors);

  it('computes every row in one part, though one is killed and goes on', async () => {
    const lost = start(1);
    while (!existsSync(`${fileOf(1)}.partial`)) await sleep(10);
    lost.child.kill('SIGKILL');
    assert.equal((await lost.ended).signal, 'SIGKILL');
    assert.ok(!existsSync(fileOf(1)));
    for (let index = 0; index < PARTS; index++) wellEnded(await start(index).ended);
    assert.deepEqual(
      readdirSync(path.join(folder, 'vectors')).sort(),
      [0, 1, 2].map((i) => `part-${i}.parquet`),
    );
    const vectors = new Map<number, number[]>();
    for (let index = 0; index < PARTS; index++) {
      const rows = await parquetReadObjects({ file: await asyncBufferFromFile(fileOf(index)) });
      for (const { id, embedding } of rows) {
        assert.ok(!vectors.has(Number(id)), `row ${id} twice`);
        vectors.set(Number(id), [...(embedding as number[])]);
      }
    }
    assert.deepEqual(
      [...vectors.keys()].sort((a, b) => a - b),
      [...texts.keys()],
    );
    for (const vector of vectors.values()) assert.equal(vector.length, 256);
  });

  it('leaves a part alone that is there', async () => {
    const before = readFileSync(fileOf(0));
    wellEnded(await start(0).ended);
    assert.deepEqual(readFileSync(fileOf(0)), before);
  });
});
