import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { runCommand } from '../../src/commands/run-command.ts';
import type { StopSignals } from '../../src/commands/stop-signals.ts';
import { assertNames } from '../support/assert-names.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { spawnCli } from '../support/spawned-cli.ts';

const noSignals = { take() {} } as unknown as StopSignals;

/** As a server's env file has them; the last three would each end `hotvec serve`. */
const OF_A_SERVER = {
  HOST: '0.0.0.0',
  HOTVEC_BATCH_DIR: '/nowhere/at/all',
  API_KEYS_FILE: '/nowhere/keys',
  MAX_INFLIGHT_BYTES: '2000',
  METRICS_HOST: '0.0.0.0',
  ALLOWED_ORIGINS: '*',
  PORT: 'the usual one',
};

describe('settings of commands that do not serve', () => {
  let folder: string;
  let service: RunningService;
  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'hotvec-'));
    writeFileSync(path.join(folder, 'texts.txt'), 'a text\n');
    service = await startService({ model: 'starter,starter-reranker' });
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true });
  });
  const input = () => path.join(folder, 'texts.txt');
  const run = async (args: string[], environment: Record<string, string> = {}) => {
    const cli = spawnCli(args, environment);
    return { code: await cli.exit, output: cli.output() };
  };
  const embed = (output: string, args: string[], environment: Record<string, string>) =>
    run(['embed', input(), '-o', path.join(folder, output), '--quiet', ...args], environment);

  for (const [command, code, ...flags] of [
    ['embed', 64, '--port', '--host', '--batch-dir', '--dialects', '--vector-cache-mb', '--aliases', '--max-inputs'],
    ['rerank', 64, '--port', '--api-keys-file', '--max-queue-tokens', '--empty-texts', '--otel-sdk-disabled'],
    ['similarity', 64, '--port', '--metrics-host', '--deadline-ms'],
    ['batch', 64, '--port', '--host', '--batch-max-lines', '--playground', '--key-share'],
    ['pull', 78, '--port', '--host', '--max-inputs'],
    ['verify', 78, '--port', '--host', '--truncate'],
  ] as const) {
    it(`${command} refuses flags that would change nothing, by name, and does not list them`, async () => {
      const files = code === 64 ? [input(), '-o', path.join(folder, 'never.jsonl')] : [];
      for (const flag of flags) {
        const said = mock.method(process.stderr, 'write', () => true);
        try {
          assert.equal(await runCommand([command, ...files, flag, '0.0.0.0'], noSignals), code, flag);
          assertNames(said.mock.calls.map(({ arguments: [text] }) => String(text)).join(''), flag, 'no effect');
        } finally {
          said.mock.restore();
        }
      }
      const help = mock.method(process.stdout, 'write', () => true);
      try {
        await runCommand([command, '--help'], noSignals);
        const text = help.mock.calls.map(({ arguments: [part] }) => String(part)).join('');
        for (const flag of flags) assert.doesNotMatch(text, new RegExp(`^ *${flag} `, 'm'));
        assert.match(text, /^ *--device /m);
      } finally {
        help.mock.restore();
      }
    });
  }

  it('are read without the variables of a server, which another command has a use for', async () => {
    const { code, output } = await embed('env.jsonl', [], { ...OF_A_SERVER, HOTVEC_API_KEY: 'secret' });
    assert.equal(code, 0, output);
    assert.equal((await run(['verify'], { ...OF_A_SERVER, HOTVEC_API_KEY: 'secret', LOG_LEVEL: 'warn' })).code, 0);
    const typo = await embed('typo.jsonl', [], { HOTVEC_DEVICES: 'cpu' });
    assert.equal(typo.code, 78);
    assertNames(typo.output, 'HOTVEC_DEVICES');
  });

  it('with --url are those of servers, but for the name of the model, which MODEL says as --model does', async () => {
    const url = ['--url', service.url];
    const engine = { DEVICE: 'abacus', THREADS: 'many', MODELS_FILE: '/nowhere/models.yaml', ...OF_A_SERVER };
    const named = await embed('named.jsonl', url, { MODEL: 'starter', ...engine });
    assert.equal(named.code, 0, named.output);
    const unnamed = await embed('unnamed.jsonl', url, engine);
    assert.equal(unnamed.code, 0, unnamed.output);
    const vectors = (name: string) => readFileSync(path.join(folder, name), 'utf8');
    assert.equal(vectors('named.jsonl'), vectors('unnamed.jsonl'));

    const other = await embed('other.jsonl', url, { MODEL: 'Qwen/Qwen3-Embedding-0.6B' });
    assert.equal(other.code, 1);
    assertNames(other.output, service.url, 'Qwen/Qwen3-Embedding-0.6B');
    const flag = await embed('flag.jsonl', [...url, '--model', 'starter'], { MODEL: 'Qwen/Qwen3-Embedding-0.6B' });
    assert.equal(flag.code, 0, flag.output);
    const several = await embed('several.jsonl', url, { MODEL: 'starter,starter-reranker' });
    assert.equal(several.code, 64);
    assertNames(several.output, 'MODEL', '--model');
    const revision = await embed('revision.jsonl', [...url, '--model', 'Qwen/Qwen3-Embedding-0.6B@main'], {});
    assert.equal(revision.code, 64);
    assertNames(revision.output, '@main', '--model Qwen/Qwen3-Embedding-0.6B');
    const device = await embed('device.jsonl', [...url, '--device', 'cpu'], {});
    assert.equal(device.code, 64);
    assertNames(device.output, '--device', '--url');
  });
});
