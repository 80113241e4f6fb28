import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../../src/engine/process/session-options.ts';
import { writeCausalGraph } from '../../src/formats/causal/causal-graph.ts';
import { largestDifference } from '../support/difference.ts';
import { softwareVulkan, withoutSoftwareVulkan } from '../support/software-vulkan.ts';
import { type SpawnedCli, spawnCli } from '../support/spawned-cli.ts';
import { golden, packed, starterManifest } from '../support/starter.ts';
import { realEngineEntry, superviseEngine } from '../support/supervised-engine.ts';

/** SwiftShader needs about 10 ms for a token. */
const LIMITS = { MAX_INPUT_TOKENS: '128', MAX_REQUEST_TOKENS: '1024', MAX_BATCH_TOKENS: '128' };
/** Short ones, and some past the 48 tokens where ONNX Runtime's own attention goes wrong on WebGPU. */
const byLength = golden.texts.filter(({ text, ids }) => text !== '' && ids.length <= 128);
const texts = [
  ...byLength.filter(({ ids }) => ids.length < 16).slice(0, 6),
  ...byLength.filter(({ ids }) => ids.length > 48).slice(0, 3),
];

describe('DEVICE=webgpu on a Vulkan driver', { skip: withoutSoftwareVulkan }, () => {
  let cli: SpawnedCli;
  let url: string;
  before(async () => {
    cli = spawnCli(['serve'], { PORT: '0', DEVICE: 'webgpu', ...LIMITS, ...softwareVulkan });
    url = (await cli.line('ready')).url as string;
  });
  after(async () => {
    cli.child.kill('SIGTERM');
    await cli.exit;
  });

  async function embed(input: string[]): Promise<number[][]> {
    const response = await fetch(`${url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input }),
    });
    assert.equal(response.status, 200);
    return ((await response.json()) as { data: { embedding: number[] }[] }).data.map(({ embedding }) => embedding);
  }

  it('gives the vectors of PyTorch within 1e-4, in a batch of mixed lengths', async () => {
    assert.ok(texts.length > 6 && texts.some(({ ids }) => ids.length > 48));
    const vectors = await embed(texts.map(({ text }) => text));
    for (const [i, { vector, text }] of texts.entries()) {
      assert.ok(largestDifference(vectors[i] as number[], vector) < 1e-4, text);
    }
  });

  it('gives a text the same vector alone', async () => {
    for (const { text, vector } of [texts[0], texts.at(-1)].filter((one) => one !== undefined)) {
      assert.ok(largestDifference((await embed([text]))[0] as number[], vector) < 1e-4, text);
    }
  });

  it('is ready, and says that it computes on webgpu: in the log, in /v1/models and in the metrics', async () => {
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    assert.equal((await cli.line('ready')).device, 'webgpu');
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: { device: string; dtype: string }[] };
    assert.deepEqual([data[0]?.device, data[0]?.dtype], ['webgpu', 'fp32']);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /hotvec_build_info\{.*device="webgpu",dtype="fp32"\} 1/);
  });
});

describe('a Vulkan driver in software', { skip: withoutSoftwareVulkan }, () => {
  const settings = {
    device: 'webgpu',
    deviceId: 0,
    dtype: 'fp32',
    threads: 1,
    maxTokens: 64,
    maxBatchTokens: 64,
    prepacking: true,
    mustBeatCpu: true,
  } as const;

  before(() => Object.assign(process.env, softwareVulkan));
  after(() => {
    delete process.env.VK_ICD_FILENAMES;
  });

  it('is never chosen over the CPU', async () => {
    const { engine } = await superviseEngine(realEngineEntry, { settings });
    await assert.rejects(engine.start(), /takes [\d.]+ times as long on webgpu as on the CPU/);
    await engine.close();
  });

  it('refuses a graph that would partly run on the CPU', async () => {
    // The embedding table is bfloat16, which WebGPU does not have: in this graph it is not fed.
    const weights = packed(await starterManifest());
    const folder = path.dirname(weights.tensors['norm.weight']?.file as string);
    const graph = writeCausalGraph(weights, {
      positions: 64,
      fileName: ({ file }) => path.basename(file),
      dtype: 'fp32',
      attention: 'plain',
    });
    const create = (allowCpuNodes: boolean) =>
      InferenceSession.create(graph, sessionOptions(settings, { weightsFolder: folder, allowCpuNodes }));
    await assert.rejects(create(false), /fallback to CPU EP has been explicitly disabled/);
    await (await create(true)).release();
  });

  it('that has no float16 refuses fp16, and says what to do', async () => {
    const { engine } = await superviseEngine(realEngineEntry, {
      settings: { ...settings, mustBeatCpu: false, dtype: 'fp16' },
      manifest: await starterManifest(),
    });
    await assert.rejects(engine.start(), /does not support float16\. Set DTYPE=fp32/);
    await engine.close();
  });
});
