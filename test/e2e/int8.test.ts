import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { cosine } from '../../src/tasks/embedding/cosine.ts';
import { filesOf, LocalHub } from '../support/local-hub.ts';
import { paddedFixtures } from '../support/padded-fixtures.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { golden } from '../support/starter.ts';

const starter = path.join(packageRoot, 'models', 'starter');

describe('DTYPE=int8', () => {
  let home: string;
  const started: SpawnedCli[] = [];
  const cli = (command: string, environment: Record<string, string> = {}) => {
    const child = spawnCli([command], { HF_HOME: home, PORT: '0', DTYPE: 'int8', ...environment });
    started.push(child);
    return child;
  };
  const stop = async ({ child, exit }: SpawnedCli) => {
    child.kill('SIGTERM');
    return exit;
  };
  const filesIn = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);

  beforeEach(() => {
    home = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  });
  afterEach(() => {
    for (const { child } of started.splice(0)) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  it('serves vectors near to PyTorch, the same in every batch, under a fingerprint of their own', async () => {
    const server = cli('serve');
    const { url, fingerprint, dtype } = (await server.line('ready')) as Record<string, string>;
    assert.equal(dtype, 'int8');
    const models = (await (await fetch(`${url}/v1/models`)).json()) as { data: Record<string, string>[] };
    assert.deepEqual([models.data[0]?.dtype, models.data[0]?.device], ['int8', 'cpu']);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /hotvec_build_info\{[^}]*dtype="int8"/);

    const embed = async (input: string[]) => {
      const answer = await fetch(`${url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input }),
      });
      assert.equal(answer.headers.get('x-embedding-fingerprint'), fingerprint);
      return ((await answer.json()) as { data: { embedding: number[] }[] }).data.map(({ embedding }) => embedding);
    };
    const texts = golden.texts.filter(({ text, ids }) => text !== '' && ids.length < 200).slice(0, 20);
    const together = await embed(texts.map(({ text }) => text));
    for (const [i, { text, vector }] of texts.entries()) {
      assert.ok(cosine(Float32Array.from(together[i] as number[]), vector) >= 0.9999, text);
      assert.deepEqual(await embed([text]), [together[i]], text);
    }
    assert.equal(await stop(server), 0);

    const exact = cli('serve', { DTYPE: 'auto', DEVICE: 'cpu' });
    const other = await exact.line('ready');
    assert.equal(other.dtype, 'fp32', 'auto is never int8');
    assert.notEqual(other.fingerprint, fingerprint);
  });

  it('quantizes once, beside the model, and makes a damaged file again', async () => {
    const model = path.join(home, 'model');
    cpSync(starter, model, { recursive: true });
    const first = cli('serve', { MODEL: model });
    const { file, matrices, keptInFp32 } = await first.line('model quantized to int8');
    assert.deepEqual([matrices, keptInFp32], [8, 6]);
    assert.equal(path.dirname(file as string), path.join(model, '.hotvec'));
    const { fingerprint } = await first.line('ready');
    await stop(first);

    const second = cli('serve', { MODEL: model });
    assert.equal((await second.line('using the existing int8 weights')).file, file);
    assert.equal((await second.line('ready')).fingerprint, fingerprint);
    await stop(second);

    const bytes = readFileSync(file as string);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(file as string, bytes);
    const third = cli('serve', { MODEL: model });
    assert.equal((await third.line('int8 weights are damaged, creating them again')).file, file);
    assert.equal((await third.line('model quantized to int8')).file, file);
    assert.equal((await third.line('ready')).fingerprint, fingerprint);
  });

  it('is safe to start twice at once', async () => {
    const both = [cli('serve'), cli('serve')];
    const ready = await Promise.all(both.map((server) => server.line('ready')));
    assert.equal(ready[0]?.fingerprint, ready[1]?.fingerprint);
    assert.equal(filesIn(path.join(home, 'hotvec')).length, 1);
  });

  it('is prepared by pull, in the cache of the hub, for a server without a network', async () => {
    const hub = await LocalHub.start();
    try {
      hub.publish('hotvec-test/starter', filesOf(starter));
      const environment = { HF_ENDPOINT: hub.url, MODEL: 'hotvec-test/starter' };
      const pull = cli('pull', environment);
      assert.equal(await pull.exit, 0, pull.output());
      assert.match(pull.output(), /model quantized to int8/);
      const own = path.join(home, 'hub', 'models--hotvec-test--starter', '.hotvec');
      assert.equal(filesIn(own).filter((name) => /^int8-.*\.safetensors$/.test(name)).length, 1);
      const server = cli('serve', { ...environment, OFFLINE: '1' });
      assert.equal(path.dirname((await server.line('using the existing int8 weights')).file as string), own);
      await server.line('ready');
    } finally {
      await hub.close();
    }
  });

  for (const [what, environment, message] of [
    [
      'a named GPU',
      { DEVICE: 'cuda' },
      /^DTYPE=int8 is not available for this model on cuda; available there: bf16, fp16\. Set DTYPE to one of them/,
    ],
    [
      'WebGPU',
      { DEVICE: 'webgpu' },
      /^DTYPE=int8 is not available for this model on webgpu; available there: fp32, fp16\. Set DTYPE to one of them/,
    ],
    [
      'an ONNX export, with those that there are',
      { MODEL: path.join(paddedFixtures, 'bert-mean') },
      /^DTYPE=int8 is not available for this model on cpu; available there: fp32, fp16, q8\. Set DTYPE to one of them/,
    ],
    [
      'no place for the weights',
      { HF_HOME: '/dev/null/home' },
      /^There is no room for the int8 weights \(1\.1 MB\)\. .*\/dev\/null\/home\/hotvec cannot be used.*Set HF_HOME/,
    ],
  ] as const) {
    it(`ends the start in one line for ${what}`, async () => {
      const server = cli('serve', environment);
      assert.equal(await server.exit, 1, server.output());
      const fatal = server
        .output()
        .split('\n')
        .filter((line) => line.includes('"level":"fatal"'));
      assert.equal(fatal.length, 1, server.output());
      assert.match((JSON.parse(fatal[0] as string) as { msg: string }).msg, message);
      assert.deepEqual(filesIn(path.join(home, 'hotvec')), []);
    });
  }
});
