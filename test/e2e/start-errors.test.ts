import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { assertNames } from '../support/assert-names.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { startFailure } from '../support/start-failure.ts';

const starter = path.join(packageRoot, 'models', 'starter');

/** Runs `hotvec serve` to its end. */
async function failure(environment: Record<string, string>, args: string[] = []) {
  const cli = spawnCli(['serve', ...args], { PORT: '0', ...environment });
  return { code: await cli.exit, output: cli.output() };
}

describe('hotvec serve, when it cannot start', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(starter, path.join(folder, 'cut'), { recursive: true });
    truncateSync(path.join(folder, 'cut', 'model.safetensors'), 1_000_000);
    cpSync(starter, path.join(folder, 'tokenizer'), { recursive: true });
    writeFileSync(path.join(folder, 'tokenizer', 'tokenizer.json'), '{"broken":');
    cpSync(starter, path.join(folder, 'unpooled'), { recursive: true });
    rmSync(path.join(folder, 'unpooled', 'modules.json'));
    writeFileSync(path.join(folder, 'keys'), 'not a key line\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('lists every configuration problem at once and exits with 78', async () => {
    const { code, output } = await failure({ PORT: 'eighty', HOTVEC_COLOR: 'red', DTYPE: 'int1', HOST: '0.0.0.0' }, [
      '--nonsense',
      '1',
    ]);
    assert.equal(code, 78);
    for (const facts of [
      ['PORT', 'eighty', 'integer'],
      ['HOTVEC_COLOR', 'not a setting'],
      ['DTYPE', 'int1', 'auto, fp32'],
      ['--nonsense', 'not a setting'],
    ]) {
      assertNames(output, ...facts);
    }
  });

  it('refuses a public address without keys, and exits with 78', async () => {
    const { code, output } = await failure({ HOST: '0.0.0.0' });
    assert.equal(code, 78);
    assertNames(output, 'API_KEYS_FILE', 'ALLOW_NO_AUTH=1');
  });

  it('lists a missing or malformed key file with the other problems, and exits with 78', async () => {
    for (const [file, facts] of [
      ['/no/such/file', ['API_KEYS_FILE', '/no/such/file']],
      [path.join(folder, 'keys'), ['API_KEYS_FILE', 'line 1', 'name:sha256']],
    ] as const) {
      const { code, output } = await failure({ API_KEYS_FILE: file, PORT: '8080', METRICS_PORT: '8080' });
      assert.equal(code, 78);
      assertNames(output, ...facts);
      assertNames(output, 'METRICS_PORT');
    }
  });

  it('names the port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const { code, output } = await failure({ PORT: String(port) });
    taken.close();
    assert.equal(code, 1);
    assertNames(output, 'Set PORT', String(port));
    // A small model may be loaded by then.
    assert.doesNotMatch(output, /"msg":"ready"/);
  });

  it('logs one fatal line and exits with 1 where a model cannot be served', async () => {
    const { code, output } = await failure({ MODEL: './no-such-model' });
    assert.equal(code, 1);
    const fatal = output.split('\n').filter((line) => line.includes('"level":"fatal"'));
    assert.equal(fatal.length, 1, output);
    assertNames(fatal[0] as string, 'no-such-model', 'hub id');
  });

  for (const [what, environment, facts] of [
    ['a folder that is not there', { MODEL: './no-such-model' }, ['no-such-model', 'hub id']],
    [
      'a hub id without a network',
      { MODEL: 'Qwen/Qwen3-Embedding-0.6B', OFFLINE: '1', HF_HOME: path.join(tmpdir(), 'hotvec-no-cache') },
      ['OFFLINE=1', 'Qwen/Qwen3-Embedding-0.6B', 'hotvec pull Qwen/Qwen3-Embedding-0.6B'],
    ],
    ['a folder that is no model', { MODEL: tmpdir() }, ['config.json']],
    ['weights that were cut short', { MODEL: 'cut' }, ['model.safetensors', 'truncated']],
    ['a broken tokenizer', { MODEL: 'tokenizer' }, ['tokenizer.json', 'JSON']],
    ['an unknown pooling', { MODEL: 'unpooled' }, ['modules.json', 'POOLING']],
  ] as const) {
    it(`says what to do about ${what}, in one line`, async () => {
      const values = Object.entries(environment).map(([name, value]) =>
        ['cut', 'tokenizer', 'unpooled'].includes(value) ? [name, path.join(folder, value)] : [name, value],
      );
      assertNames(await startFailure(Object.fromEntries(values)), ...facts);
    });
  }
});

describe('hotvec', () => {
  it('prints help, settings and version', async () => {
    const help = spawnCli(['--help']);
    assert.equal(await help.exit, 0);
    assert.match(help.output(), /hotvec serve/);
    const settings = spawnCli(['serve', '--help']);
    assert.equal(await settings.exit, 0);
    assert.match(settings.output(), /--max-batch-tokens\s+MAX_BATCH_TOKENS/);
    const version = spawnCli(['--version']);
    assert.equal(await version.exit, 0);
    assert.match(version.output(), /^\d+\.\d+\.\d+\n$/);
    const unknown = spawnCli(['sevre']);
    assert.equal(await unknown.exit, 64);
  });
});
