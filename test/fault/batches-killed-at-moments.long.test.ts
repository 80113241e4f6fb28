import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type BatchAnswer, BatchClient, batchFolder, requestLine } from '../support/batches.ts';
import { killWhen, readJson, sizeOf } from '../support/kill-when.ts';
import { readMetrics } from '../support/read-metrics.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';

const LINES = 60;
const isWrong = (i: number) => i % 7 === 3;
const lines = Array.from({ length: LINES }, (_, i) => requestLine(`c${i}`, { input: isWrong(i) ? '' : `text ${i}` }));
const all = lines.map((_, i) => `c${i}`);
/** A moment is short: whoever comes too late tries again. */
const TRIES = 12;

/** The files of a batch on the server. */
interface Places {
  job: string;
  output: string;
  errors: string;
}

interface Moment {
  name: string;
  /** The server is killed as soon as it is so. */
  isThere: (places: Places) => boolean;
  /** Seen when it is dead: it was killed in time. */
  wasThere: (places: Places) => boolean;
}

const statusOf = ({ job }: Places) => readJson<{ status: string }>(job)?.status;
const textOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
/** Positions of the whole lines of a file. */
const ordinalsOf = (file: string) =>
  [...textOf(file).matchAll(/"custom_id":"c(\d+)".*\n/g)].map(([, ordinal]) => Number(ordinal));

const moments: Moment[] = [
  {
    name: 'the file of its answers is made, and empty',
    isThere: ({ output }) => existsSync(output),
    wasThere: ({ output }) => existsSync(output) && sizeOf(output) === 0,
  },
  {
    name: 'a group of answers is in the output, and its errors are nowhere',
    isThere: ({ output, errors }) => Math.max(0, ...ordinalsOf(output)) > Math.max(0, ...ordinalsOf(errors)) + 7,
    wasThere: ({ output, errors }) => {
      const known = new Set([...ordinalsOf(output), ...ordinalsOf(errors)]);
      return known.size > 0 && Math.max(...known) + 1 > known.size;
    },
  },
  {
    name: 'it is said to be finalized',
    isThere: (places) => statusOf(places) === 'finalizing',
    wasThere: (places) => statusOf(places) === 'finalizing' && !existsSync(`${places.output}.json`),
  },
  {
    name: 'its output is being listed',
    isThere: ({ output }) => existsSync(`${output}.json.new`),
    wasThere: ({ output }) => existsSync(`${output}.json.new`) && !existsSync(`${output}.json`),
  },
  {
    name: 'its output is listed, and its errors are not',
    isThere: ({ output }) => existsSync(`${output}.json`),
    wasThere: ({ output, errors }) => existsSync(`${output}.json`) && !existsSync(`${errors}.json`),
  },
  {
    name: 'both files are listed, and it is not said to have ended',
    isThere: ({ errors }) => existsSync(`${errors}.json`),
    wasThere: (places) => existsSync(`${places.errors}.json`) && statusOf(places) === 'finalizing',
  },
];

describe('A server that is killed at the moment when, of a batch,', () => {
  const place = batchFolder();
  let cli: SpawnedCli;
  let client: BatchClient;
  let url: string;
  const start = async () => {
    cli = spawnCli(['serve', '--port', '0', '--batch-dir', place.folder, '--threads', '1', '--device', 'cpu']);
    url = String((await cli.line('ready')).url);
    client = new BatchClient(url);
  };
  before(start);
  after(async () => {
    cli.child.kill('SIGKILL');
    await cli.exit;
    place.remove();
  });

  for (const { name, isThere, wasThere } of moments) {
    it(`${name}, has every line once after the next start`, async (t) => {
      for (let tries = 1; ; tries++) {
        assert.ok(tries <= TRIES, 'it was never killed in time');
        const { id } = await client.begin(lines);
        const job = path.join(place.folder, 'batches', `${id}.json`);
        const { outputFileId, errorFileId } = readJson<{ outputFileId: string; errorFileId: string }>(job) ?? {};
        const files = path.join(place.folder, 'files');
        const places = { job, output: path.join(files, `${outputFileId}`), errors: path.join(files, `${errorFileId}`) };
        const isKilled = killWhen(
          cli.child,
          () => isThere(places),
          () => statusOf(places) === 'completed',
        );
        if (isKilled) await cli.exit;
        const isHit = isKilled && wasThere(places);
        if (isKilled) await start();
        await checkEnded(await client.until(id));
        if (!isHit) continue;
        t.diagnostic(`killed in time at try ${tries}`);
        return;
      }
    });
  }

  async function checkEnded(batch: BatchAnswer): Promise<void> {
    const wrong = all.filter((_, i) => isWrong(i));
    assert.equal(batch.status, 'completed', JSON.stringify(batch));
    assert.deepEqual(batch.request_counts, { total: LINES, completed: LINES - wrong.length, failed: wrong.length });
    const [output, errors] = [await client.output(batch), await client.errors(batch)];
    assert.deepEqual(
      output.map(({ custom_id: id }) => id),
      all.filter((_, i) => !isWrong(i)),
    );
    assert.deepEqual(
      errors.map(({ custom_id: id }) => id),
      wrong,
    );
    // Each file is listed once, nothing unfinished is left, and what counts is what is there.
    const names = readdirSync(path.join(place.folder, 'files'));
    assert.deepEqual(
      names.filter((name) => name.endsWith('.new')),
      [],
    );
    const sizes = names
      .filter((name) => name.endsWith('.json'))
      .map((name) => sizeOf(path.join(place.folder, 'files', name.slice(0, -5))));
    const counted = sizes.reduce((sum, size) => sum + Math.max(size, 2 ** 16), 0);
    assert.equal((await readMetrics(url)).get('hotvec_batch_api_stored_bytes'), counted);
  }
});

describe('hotvec batch, killed at the moment when', () => {
  let folder: string;
  const at = (name: string) => path.join(folder, name);
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-batch-moments-'));
    writeFileSync(at('in.jsonl'), lines.join('\n'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const run = (output: string, errors: string) =>
    spawnCli(['batch', at('in.jsonl'), '-o', output, '--errors', errors, '--device', 'cpu', '--threads', '1']);

  const commandMoments: [name: string, isThere: (output: string, errors: string) => boolean][] = [
    ['its output has its name, and its errors have not', (output, errors) => existsSync(output) && !existsSync(errors)],
    [
      'both files have their names, and it is written that they have not',
      (output, errors) => existsSync(output) && existsSync(errors) && existsSync(`${output}.partial.json`),
    ],
  ];
  for (const [i, [name, isThere]] of commandMoments.entries()) {
    it(`${name}, gives the same files when it is run again`, async (t) => {
      assert.equal(await run(at(`whole${i}`), at(`wrong${i}`)).exit, 65);
      for (let tries = 1; ; tries++) {
        assert.ok(tries <= TRIES, 'it was never killed in time');
        const [output, errors] = [at(`output${i}.${tries}`), at(`errors${i}.${tries}`)];
        const first = run(output, errors);
        const isOver = () => existsSync(output) && !existsSync(`${output}.partial.json`);
        const isKilled = killWhen(first.child, () => isThere(output, errors), isOver);
        await first.exit;
        const isHit = isKilled && isThere(output, errors);
        if (isHit) {
          const again = run(output, errors);
          assert.equal(await again.exit, 65, again.output());
        }
        if (!isKilled || isHit) {
          assert.equal(readFileSync(output, 'utf8'), readFileSync(at(`whole${i}`), 'utf8'));
          assert.equal(readFileSync(errors, 'utf8'), readFileSync(at(`wrong${i}`), 'utf8'));
          assert.deepEqual(
            readdirSync(folder).filter((one) => one.startsWith(`output${i}.${tries}.partial`)),
            [],
          );
        }
        if (!isHit) continue;
        t.diagnostic(`killed in time at try ${tries}`);
        return;
      }
    });
  }
});
