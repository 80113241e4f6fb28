import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { assertNames } from '../../support/assert-names.ts';
import { freePort } from '../../support/free-port.ts';
import { type SpawnedCli, spawnCli } from '../../support/spawned-cli.ts';
import { staticFixtures } from '../../support/static-fixtures.ts';

const ROWS = 16_000;

/** Real servers in processes of their own, one of which is killed and started again. */
describe('hotvec embed with servers', () => {
  let folder: string;
  const servers: SpawnedCli[] = [];
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
  });
  after(async () => {
    for (const { child } of servers) child.kill('SIGKILL');
    await Promise.all(servers.map(({ exit }) => exit));
    rmSync(folder, { recursive: true });
  });
  const serve = async (port: number, model = 'starter') => {
    const server = spawnCli(['serve', '--port', String(port), '--model', model]);
    servers.push(server);
    await server.line('ready');
    return server;
  };

  it('writes the file of a run without servers, though one is killed and comes back', async () => {
    const input = path.join(folder, 'input.jsonl');
    const lines = Array.from({ length: ROWS }, (_, i) => {
      const text = i % 500 === 0 ? '' : `text ${i % 15_000} ${'of some words '.repeat(i % 30)}`;
      return `${JSON.stringify({ text })}\n`;
    });
    writeFileSync(input, lines.join(''));
    const alone = path.join(folder, 'alone.npy');
    assert.equal(await spawnCli(['embed', input, '-o', alone, '--quiet']).exit, 65);

    const ports = [await freePort(), await freePort()];
    const [, second] = await Promise.all(ports.map((port) => serve(port)));
    const urls = ports.flatMap((port) => ['--url', `http://127.0.0.1:${port}`]);
    const output = path.join(folder, 'fleet.npy');
    const run = spawnCli(['embed', input, '-o', output, ...urls]);
    await run.line('computing rows');
    second?.child.kill('SIGKILL');
    await run.line('server lost, its work goes to others');
    await serve(ports[1] as number);
    await run.line('server answers again');
    assert.equal(await run.exit, 65, run.output());
    for (const name of ['.npy', '.rows.jsonl', '.npy.errors.jsonl']) {
      assert.ok(
        readFileSync(path.join(folder, `fleet${name}`)).equals(readFileSync(path.join(folder, `alone${name}`))),
        name,
      );
    }
  });

  it('refuses servers of different models, by name', async () => {
    const [a, b] = [await freePort(), await freePort()];
    await Promise.all([serve(a), serve(b, path.join(staticFixtures, 'sentence-transformers'))]);
    const input = path.join(folder, 'one.txt');
    writeFileSync(input, 'a text\n');
    const urls = [a, b].flatMap((port) => ['--url', `http://127.0.0.1:${port}`]);
    const run = spawnCli(['embed', input, '-o', path.join(folder, 'one.npy'), ...urls, '--quiet']);
    assert.equal(await run.exit, 1);
    assertNames(run.output(), `http://127.0.0.1:${a}`, `http://127.0.0.1:${b}`, 'fingerprint');
  });
});
