import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { HotvecError } from '../../src/errors.ts';
import { packageRoot } from '../../src/package-info.ts';
import { startStubService } from '../http/stub-service.ts';
import { findPython } from '../support/find-python.ts';
import { freePort } from '../support/free-port.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { engineExamples, examplesFolder } from './examples.ts';
import { runProgram } from './run-program.ts';

const run = promisify(execFile);
const programs = path.join(packageRoot, 'test', 'clients', 'engines');
const ROWS = 1_500;
/** So many inputs are answered before a server is killed. */
const BEFORE_DEATH = 300;

interface Server extends SpawnedCli {
  url: string;
}

async function startServer(): Promise<Server> {
  const server = spawnCli(['serve'], { PORT: '0', THREADS: '1' });
  const { url } = await server.line('ready');
  return { ...server, url: url as string };
}

async function inputsOf({ url }: Server): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^hotvec_inputs_total\{.*\} (\d+)$/m.exec(metrics)?.[1] ?? 0);
}

/** Of a fleet of two, one is killed in the middle; in the form of a local process, one of those that Ray started. */
describe('Engines that spread work over machines', () => {
  let found: ReturnType<typeof findPython>;
  let servers: [Server, Server];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-engines-'));
  const input = path.join(folder, 'texts.parquet');
  before(async () => {
    found = findPython('clients/engines');
    if (typeof found === 'string' || whatLacks(found.python, 'ray_embed.py') !== undefined) return;
    await run(found.python, [path.join(programs, 'embedded_parquet.py'), 'make', input, String(ROWS)]);
    servers = [await startServer(), await startServer()];
  });
  after(async () => {
    for (const { child, exit } of servers ?? []) {
      child.kill('SIGTERM');
      await exit;
    }
    rmSync(folder, { recursive: true, force: true });
  });

  for (const [place, example] of engineExamples.entries()) {
    it(`${example.program} ${example.arguments}: every row once, with its vector, though one is killed`, async (t) => {
      if (typeof found === 'string') {
        t.skip(found);
        return;
      }
      const missing = whatLacks(found.python, example.program);
      if (missing !== undefined) {
        t.skip(missing);
        return;
      }
      const output = path.join(folder, `vectors-${place}`);
      const deaths = path.join(folder, `deaths-${place}`);
      const started = path.join(folder, `started-${place}`);
      const ownCommand = `${process.execPath} ${path.join(programs, 'dying-hotvec.mjs')}`;
      const [first, second] = servers;
      const given = example.arguments
        .split(/ (?=--)/)
        .flatMap((words) => words.split(/ (.*)/).filter((word) => word !== ''))
        .map((word) =>
          word
            .replace('"npx hotvec"', ownCommand)
            .replace('http://127.0.0.1:8080', first.url)
            .replace('http://127.0.0.1:8081', second.url)
            .replace('texts.parquet', input)
            .replace(/^vectors$/, output),
        );
      const running = run(found.python, [example.program, ...given], {
        cwd: examplesFolder,
        env: {
          // hotvec refuses variables of its prefix that it does not know, as those of the tests.
          ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOTVEC_'))),
          RAY_USAGE_STATS_ENABLED: '0',
          THREADS: '1',
          TESTED_CLI: path.join(packageRoot, 'dist', 'src', 'cli.js'),
          INPUTS_UNTIL_DEATH: String(BEFORE_DEATH),
          DEATHS_FILE: deaths,
          STARTED_FILE: started,
        },
      });
      if (example.arguments.includes('--url')) await killInTheMiddle(t, running);
      const { stdout } = await running;
      assert.equal(stdout.trimEnd().split('\n').at(-1), example.output.trimEnd());
      if (!example.arguments.includes('--url')) {
        assert.match(readFileSync(deaths, 'utf8'), /was killed/);
        await allEnd(readFileSync(started, 'utf8').trimEnd().split('\n'));
      }
      const check = [path.join(programs, 'embedded_parquet.py'), 'check', input, output, second.url];
      const report = JSON.parse((await run(found.python, check)).stdout);
      assert.deepEqual(report, { rows: ROWS, sameIds: true, sameTexts: true, otherVectors: 0 });
    });
  }

  it('hotvec_fleet.py waits for a busy server, leaves a dead one, and uses none with another fingerprint', async (t) => {
    if (typeof found === 'string') {
      t.skip(found);
      return;
    }
    const missing = whatLacks(found.python, 'ray_embed.py');
    if (missing !== undefined) {
      t.skip(missing);
      return;
    }
    const arrivals: number[] = [];
    const stub = await startStubService({
      embed(inputs) {
        const asked = String(inputs[0]?.content);
        if (asked === 'internal_error') throw new HotvecError('internal_error', 'As asked.');
        if (asked !== 'overloaded once') return undefined;
        arrivals.push(performance.now());
        if (arrivals.length === 1) throw new HotvecError('overloaded', 'As asked.', { retryAfterMs: 700 });
        return undefined;
      },
    });
    const deadUrl = `http://127.0.0.1:${await freePort()}`;
    const task = { examples: examplesFolder, url: stub.url, deadUrl };
    const report = await runProgram([found.python, path.join(programs, 'ask_fleet.py')], task);
    await stub.close();
    const { fingerprint, busy, dead, allDead, other, refused } = report as Record<string, Record<string, unknown>>;
    const vector = [0.5, 0.5, 0.5, 0.5];
    assert.equal(fingerprint, '0123456789abcdef');
    assert.deepEqual(busy?.vectors, [vector]);
    assert.equal(arrivals.length, 2);
    assert.ok((arrivals[1] as number) - (arrivals[0] as number) >= 690, 'it waited as long as it was told');
    assert.deepEqual(dead?.vectors, [vector, vector]);
    assert.match(String(allDead?.error), /^TimeoutError: None of 1 servers/);
    assert.match(String(other?.error), /^RuntimeError: .* 409 .*fingerprint_mismatch/);
    assert.match(String(refused?.error), /^RuntimeError: .* 500 .*internal_error/);
  });

  /** Kills the first server, and starts another for the next test. */
  async function killInTheMiddle(t: TestContext, running: Promise<unknown>): Promise<void> {
    const [first, second] = servers;
    const [before, beforeOfSecond] = [await inputsOf(first), await inputsOf(second)];
    let isOver = false;
    running.then(
      () => {
        isOver = true;
      },
      () => {
        isOver = true;
      },
    );
    while (!isOver && (await inputsOf(first)) < before + BEFORE_DEATH) await sleep(20);
    assert.ok(!isOver, 'it ended before a server was killed');
    first.child.kill('SIGKILL');
    await first.exit;
    await running;
    const answered = (await inputsOf(second)) - beforeOfSecond;
    t.diagnostic(`the other server answered ${answered} of ${ROWS} inputs`);
    assert.ok(answered > ROWS / 2 && answered < ROWS);
    servers = [await startServer(), second];
  }

  /** The one to learn the fingerprint, two of the actors, and the one after that which was killed: nobody leaves a server behind. */
  async function allEnd(urls: readonly string[]): Promise<void> {
    assert.ok(urls.length >= 4, urls.join());
    const answers = (url: string) =>
      fetch(`${url}/livez`).then(
        () => true,
        () => false,
      );
    for (const url of urls) {
      for (let attempt = 0; await answers(url); attempt++) {
        assert.ok(attempt < 100, `${url} still answers`);
        await sleep(100);
      }
    }
  }

  function whatLacks(python: string, program: string): string | undefined {
    const [module, needsJava] = program === 'spark_embed.py' ? ['pyspark', true] : ['ray.data', false];
    if (spawnSync(python, ['-c', `import ${module}, pyarrow`]).status !== 0) return `${python} lacks ${module}`;
    return !needsJava || spawnSync('java', ['-version']).status === 0 ? undefined : 'Java is not installed';
  }
});
