import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { it } from 'node:test';
import { packageRoot, packageVersion } from '../../src/package-info.ts';
import { goldenTexts, vectorsOf } from '../http/answers.ts';
import { largestDifference } from '../support/difference.ts';
import { filesOf, LocalHub } from '../support/local-hub.ts';
import { PackageUser } from './package-user.ts';
import { pack } from './packed.ts';
import { findRuntime } from './runtimes.ts';

const QUIET = ['--no-audit', '--no-fund', '--fetch-retries=1'];

/**
 * A test that packs hotvec, installs it in an empty folder, and uses it there. One a file: installing takes a while, and
 * each file has its own time.
 */
export function itInstalls(node: number, npm: number, ...flags: string[]): void {
  const name = `npm pack, npm i and npx hotvec serve work on ${['Node', node, 'with npm', npm, ...flags].join(' ')}`;
  it(name, { skip: process.platform === 'win32' && 'POSIX processes' }, async (t) => {
    const runtime = findRuntime(node, npm);
    if (typeof runtime === 'string') {
      t.skip(runtime);
      return;
    }
    const home = mkdtempSync(path.join(tmpdir(), 'hotvec-user-'));
    const packages = mkdtempSync(path.join(tmpdir(), 'hotvec-pack-'));
    try {
      const user = new PackageUser(home, runtime);
      const installed = user.npm('install', pack(packages), ...QUIET, ...flags);
      assert.equal(installed.status, 0, installed.errors);
      assert.doesNotMatch(installed.errors, /deprecated/);
      // Two packages below Fastify's say that they want Node 22; there are `overrides` for that, which users do not get.
      const foreign = installed.errors.match(/(?<=package: ').*(?=@)/g) ?? [];
      assert.deepEqual(foreign.sort(), node === 20 ? ['content-disposition', 'cookie'] : []);
      const lock = readFileSync(path.join(home, 'package-lock.json'), 'utf8');
      assert.doesNotMatch(lock, /"hasInstallScript"/, 'nothing that a user installs runs a script');

      assert.equal(user.npx('hotvec', '--version').output, `${packageVersion}\n`);
      assert.match(user.npx('hotvec', '--help').output, /hotvec serve \[flags\]/);
      const verified = user.npx('hotvec', 'verify', 'starter');
      assert.equal(verified.status, 0, verified.errors);
      await pulls(user);
      await serves(user);
    } finally {
      for (const folder of [home, packages]) rmSync(folder, { recursive: true, force: true });
    }
  });
}

async function pulls(user: PackageUser): Promise<void> {
  const hub = await LocalHub.start();
  try {
    hub.publish('hotvec-test/starter', filesOf(path.join(packageRoot, 'models', 'starter')));
    const pulled = user.start(['hotvec', 'pull', 'hotvec-test/starter'], {
      HF_ENDPOINT: hub.url,
      HF_HOME: path.join(user.folder, 'hub'),
    });
    const [status] = await once(pulled, 'close');
    assert.equal(status, 0);
  } finally {
    await hub.close();
  }
}

async function serves(user: PackageUser): Promise<void> {
  const server = user.start(['hotvec', 'serve'], { PORT: '0' });
  const closed = once(server, 'close');
  try {
    let output = '';
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const ready = () => /"url":"([^"]+)"[^\n]*"msg":"ready"/.exec(output)?.[1];
    const ended = closed.then(() => assert.fail(`ended before it was ready:\n${output}`));
    ended.catch(() => {});
    while (ready() === undefined) await Promise.race([once(server.stdout, 'data'), ended]);
    const [golden] = goldenTexts;
    const response = await fetch(`${ready()}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'starter', input: golden?.text }),
    });
    const [vector] = vectorsOf((await response.json()) as Parameters<typeof vectorsOf>[0]);
    assert.ok(largestDifference(vector as Float32Array, golden?.vector as number[]) < 2e-6);
    // Served by one of the packages that say they want Node 22.
    assert.equal((await fetch(`${ready()}/docs/`)).status, 200);
  } finally {
    process.kill(-(server.pid as number), 'SIGTERM');
    await closed;
  }
}
