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
import { until } from '../support/supervised-engine.ts';

const stopSoon = new URL('../support/stop-soon.js', import.meta.url).href;
const skip = process.platform !== 'linux' && 'reads /proc';

/** What asks a process to stop, so long after it began to listen to signals, and tells it and its engines from others. */
function stopped(signal: string, milliseconds: number) {
  const mark = randomUUID();
  const environment = {
    PATH: process.env.PATH as string,
    NODE_OPTIONS: `--import=${stopSoon}`,
    STOP_WITH: signal,
    STOP_AFTER_MS: String(milliseconds),
    MARK: mark,
  };
  return { environment, leavesNothing: () => until(() => processesMarked(mark).length === 0) };
}

describe('hotvec serve, asked to stop while it starts', { skip }, () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    for (const milliseconds of [0, 50, 150, 400, 800, 1_200]) {
      it(`ends with 0 and leaves no engine behind: ${signal} ${milliseconds} ms after its first moment`, async () => {
        const { environment, leavesNothing } = stopped(signal, milliseconds);
        const cli = spawnCli(['serve', '--port', '0', '--threads', '1'], environment);
        assert.equal(await cli.exit, 0, cli.output());
        assert.match(cli.output(), /^listens, http not loaded$/m, 'before it loads the rest');
        await leavesNothing();
      });
    }
  }

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

  for (const milliseconds of [0, 300]) {
    it(`ends with 0: ${milliseconds} ms after its first moment`, async () => {
      const { environment, leavesNothing } = stopped('SIGTERM', milliseconds);
      const { child } = await start({ ...environment });
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      await leavesNothing();
    });
  }

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
