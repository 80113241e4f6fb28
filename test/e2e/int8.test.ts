import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { packageRoot } from '../../src/package-info.ts';
import { cosine } from '../../src/tasks/embedding/cosine.ts';
import { paddedFixtures } from '../support/padded-fixtures.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { startFailure } from '../support/start-failure.ts';
import { golden } from '../support/starter.ts';

const _starter = path.join(packageRoot, 'models', 'starter');

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

  it('serves the same vectors where its weights were damaged, or others lie beside them', async () => {
    const vectorOf = async (server: SpawnedCli) => {
      const { url } = (await server.line('ready')) as { url: string };
      const answer = await fetch(`${url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: 'The capital of China is Beijing.' }),
      });
      const { data } = (await answer.json()) as { data: { embedding: number[] }[] };
      assert.equal(await stop(server), 0);
      return data[0]?.embedding;
    };
    const vector = await vectorOf(cli('serve'));
    const folder = path.join(home, 'hotvec');
    const file = path.join(folder, filesIn(folder)[0] as string);
    const whole = readFileSync(file);
    const zeros = whole.fill(0, whole.length - 400_000);
    for (const damaged of [file, path.join(folder, `int8-${'0'.repeat(16)}-${'1'.repeat(64)}.safetensors`)]) {
      writeFileSync(damaged, zeros);
      const server = cli('serve');
      assert.deepEqual(await vectorOf(server), vector);
      assert.equal(server.output().includes('int8 weights are damaged'), damaged === file);
    }
  });

  it('makes no weights for a start that ends at a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const message = await startFailure({ DTYPE: 'int8', HF_HOME: home, HOST: '127.0.0.1', PORT: String(port) });
      assert.match(message, new RegExp(`\\b${port}\\b`));
      // What this process would go on with, if it had begun.
      await setTimeout(500);
      assert.deepEqual(filesIn(home), []);
    } finally {
      other.close();
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
      /^There is no room for the int8 weights \(1\.3 MB\)\. .*\/dev\/null\/home\/hotvec cannot be used.*Set HF_HOME/,
    ],
  ] as const) {
    it(`ends the start for ${what}`, async () => {
      assert.match(await startFailure({ HF_HOME: home, DTYPE: 'int8', ...environment }), message);
      assert.deepEqual(filesIn(path.join(home, 'hotvec')), []);
    });
  }
});
