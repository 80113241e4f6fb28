import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { it } from 'node:test';
import { processesMarked } from './processes-marked.ts';
import { spawnCli } from './spawned-cli.ts';
import { until } from './supervised-engine.ts';

const stopSoon = new URL('./stop-soon.js', import.meta.url).href;

/** Makes a process receive a signal so long after it began to handle them, and marks it and its engines. */
export function stopped(signal: string, milliseconds: number) {
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

/** A test that a start ends with 0 when it is asked to stop at that moment. */
export function itStops(signal: string, milliseconds: number): void {
  it(`ends with 0 and leaves no engine behind: ${signal} ${milliseconds} ms after its first moment`, async () => {
    const { environment, leavesNothing } = stopped(signal, milliseconds);
    const cli = spawnCli(['serve', '--port', '0', '--threads', '1'], environment);
    assert.equal(await cli.exit, 0, cli.output());
    assert.match(cli.output(), /^listens, http not loaded$/m, 'before it loads the rest');
    await leavesNothing();
  });
}
