import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { processesMarked } from '../support/processes-marked.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { itStops, stopped } from '../support/stopped-starts.ts';
import { until } from '../support/supervised-engine.ts';

const skip = process.platform !== 'linux' && 'reads /proc';

describe('hotvec serve, asked to stop while it starts', { skip }, () => {
  // While modules load, while the model is read, while the engine starts: more moments in the long test.
  itStops('SIGTERM', 0);
  itStops('SIGINT', 150);
  itStops('SIGTERM', 800);

  it('ends with 1 where it is a pull or a check: it did not do what it was asked', async () => {
    for (const args of [
      ['verify', 'starter'],
      ['pull', 'owner/name'],
    ]) {
      const { environment, leavesNothing } = stopped('SIGTERM', 300);
      const cli = spawnCli(args, { ...environment, HF_ENDPOINT: 'http://127.0.0.1:9', HF_HOME: '/nonexistent' });
      assert.equal(await cli.exit, 1);
      await leavesNothing();
    }
  });

  it('ends by the signal where the same command goes on later', async () => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      const { environment, leavesNothing } = stopped(signal, 0);
      const cli = spawnCli(['embed', '/nonexistent.txt', '-o', '/nonexistent.jsonl'], environment);
      assert.equal(await cli.exit, code, cli.output());
      await leavesNothing();
    }
  });
});

describe('npm start, asked to stop while it builds', { skip }, () => {
  async function start(environment: Record<string, string>) {
    const child = spawn(process.execPath, [path.join(packageRoot, 'scripts', 'start.mjs'), '--port', '0'], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      child.emit('output');
    });
    return { child, output: () => output };
  }

  it('ends with 0', async () => {
    const { environment, leavesNothing } = stopped('SIGTERM', 300);
    const { child } = await start({ ...environment });
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    await leavesNothing();
  });

  it('hands the signals over to the server that it starts', async () => {
    const mark = randomUUID();
    const { child, output } = await start({ PATH: process.env.PATH as string, MARK: mark });
    while (!output().includes('"msg":"ready"')) await once(child, 'output');
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
    assert.match(output(), /"reason":"SIGINT","msg":"shutting down"/);
    await until(() => processesMarked(mark).length === 0);
  });
});
