import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { systemClock } from '../../src/clock.ts';
import { sessionOptions } from '../../src/engine/process/session-options.ts';
import { type Device, type EngineSettings, toBatch } from '../../src/engine/protocol.ts';
import { EngineGroup } from '../../src/engine/supervisor/engine-group.ts';
import { EngineSupervisor } from '../../src/engine/supervisor/supervisor.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import { planInputs } from '../../src/formats/onnx/graph-inputs.ts';
import { recordOperators } from '../../src/formats/onnx/record-operators.ts';
import { passCanary } from '../../src/tasks/embedding/pass-canary.ts';
import { checkScores } from '../../src/tasks/reranking/check-scores.ts';
import { largestDifference } from '../support/difference.ts';
import { loadPadded, padded, paddedFixtures, paddedGolden, paddedManifest } from '../support/padded-fixtures.ts';
import { referencePairs, rerankerFolders } from '../support/reranker-references.ts';
import { softwareVulkan, withoutSoftwareVulkan } from '../support/software-vulkan.ts';
import { spawnCli } from '../support/spawned-cli.ts';
import { realEngineEntry } from '../support/supervised-engine.ts';

const MODEL = path.join(paddedFixtures, 'bert-mean');
/** The warm-up fills a batch, which SwiftShader needs long for. */
const ENVIRONMENT = { PORT: '0', MODEL, DEVICE: 'webgpu', MAX_BATCH_TOKENS: '128', ...softwareVulkan };

function settings(device: Device, dtype: 'fp32' | 'q8'): EngineSettings {
  return {
    device,
    deviceId: 0,
    dtype,
    threads: 1,
    maxTokens: 48,
    maxBatchTokens: 64,
    prepacking: true,
    mustBeatCpu: false,
  };
}

describe('DEVICE=webgpu with an ONNX export', { skip: withoutSoftwareVulkan }, () => {
  before(() => Object.assign(process.env, softwareVulkan));
  after(() => {
    delete process.env.VK_ICD_FILENAMES;
  });

  it('gives the vectors of PyTorch within 1e-4: in a batch of mixed lengths, and alone', async () => {
    const cli = spawnCli(['serve'], ENVIRONMENT);
    const { url, device, dtype } = await cli.line('ready');
    assert.deepEqual([device, dtype], ['webgpu', 'fp32']);
    const { texts } = paddedGolden('bert-mean');
    const embed = async (input: string[]) => {
      const response = await fetch(`${url}/v1/embeddings`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input }),
      });
      return ((await response.json()) as { data: { embedding: number[] }[] }).data.map(({ embedding }) => embedding);
    };
    const together = await embed(texts.map(({ text }) => text));
    for (const [i, { text, vector }] of texts.entries()) {
      assert.ok(largestDifference(together[i] as number[], vector) < 1e-4, text);
    }
    for (const { text, vector } of texts.slice(0, 3)) {
      assert.ok(largestDifference((await embed([text]))[0] as number[], vector) < 1e-4, text);
    }
    cli.child.kill('SIGTERM');
    assert.equal(await cli.exit, 0);
  });

  it('computes every product, norm and softmax there', async () => {
    const file = padded(await paddedManifest('bert-mean')).exports.fp32?.graphFile as string;
    const { operators } = await recordOperators(
      (profiling) =>
        InferenceSession.create(file, {
          ...sessionOptions(settings('webgpu', 'fp32'), { allowCpuNodes: true }),
          ...profiling,
        }),
      (session) => {
        const layout = { batchSize: 1, longest: 2, lengths: Int32Array.of(2) };
        return session.run(planInputs(session.inputMetadata, 0)(toBatch([[1, 2]]), layout));
      },
    );
    for (const wanted of ['MatMul', 'LayerNormalization', 'Softmax']) {
      const providers = operators.filter(({ operator }) => operator === wanted).map(({ provider }) => provider);
      assert.deepEqual([...new Set(providers)], ['WebGpuExecutionProvider'], wanted);
    }
  });

  it('passes the self-check with the other encoders and the decoder', async () => {
    for (const name of ['bert-cls-dense', 'bert-pooled', 'roberta-mean', 'qwen3-decoder']) {
      const manifest = await paddedManifest(name);
      const model = await loadPadded(manifest, 'fp32', 'webgpu');
      const run = model.run.bind(model);
      const { difference } = await passCanary(run, manifest, { device: 'webgpu', dtype: 'fp32' });
      assert.ok(difference < 1e-5, `${name} ${difference}`);
    }
  });

  it('gives the logits of PyTorch for pairs within 1e-4, with token types and without', async () => {
    for (const name of ['bert-identity', 'xlm-roberta']) {
      const manifest = await describeModel({ name, folder: path.join(rerankerFolders, name) });
      const model = await loadPadded(manifest, 'fp32', 'webgpu');
      const run = model.run.bind(model);
      await checkScores.pass(run, manifest, { device: 'webgpu', dtype: 'fp32' });
      const pairs = referencePairs(name).slice(0, 12);
      const { rows } = await run(toBatch(pairs.map(({ ids }) => ids)));
      const logits = pairs.map(({ logit }) => logit);
      assert.ok(largestDifference(rows, logits) < 1e-4, `${name} ${largestDifference(rows, logits)}`);
    }
  });

  it('refuses an export that would partly run on the CPU, naming the operators and what to do', async () => {
    const cli = spawnCli(['serve'], { DTYPE: 'q8', ...ENVIRONMENT });
    try {
      await assert.rejects(
        cli.line('ready'),
        /"level":"fatal".*On webgpu ONNX Runtime would run part of this model in q8 on the CPU: DynamicQuantizeLinear, MatMulInteger\. Set DTYPE to another one in the folder \(fp32, fp16\), or DEVICE=cpu\."/,
      );
    } finally {
      cli.child.kill('SIGTERM');
    }
    assert.equal(await cli.exit, 1);
    assert.equal(cli.output().match(/"level":"fatal"/g)?.length, 1);
  });

  it('passes on to the next device where hotvec chooses it, with the reason', async () => {
    const manifest = await paddedManifest('bert-mean');
    const passedOver: string[] = [];
    const group = new EngineGroup({
      choices: [[settings('webgpu', 'q8')], [settings('cpu', 'q8')]],
      createEngine: (one) =>
        new EngineSupervisor({
          entry: realEngineEntry,
          manifest,
          settings: one,
          clock: systemClock,
          onEvent: () => {},
        }),
      onPassedOver: ([one], reason) => passedOver.push(`${one?.device}: ${reason}`),
    });
    const { device, dtype } = await group.start();
    await group.close();
    assert.deepEqual([device, dtype], ['cpu', 'q8']);
    assert.equal(passedOver.length, 1);
    assert.match(passedOver[0] as string, /^webgpu: .*would run part of this model in q8 on the CPU/);
  });
});
