import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Config } from '../../src/settings/config.ts';
import { largestDifference } from '../support/difference.ts';
import { checkLogLine } from '../support/log-lines.ts';
import { paddedFixtures, paddedGolden } from '../support/padded-fixtures.ts';
import { startService } from '../support/running-service.ts';

interface Described {
  weights: string;
  dtype: string;
  fingerprint: string;
}

/** What a service says of its weights. */
interface Seen {
  model: Described;
  /** In Ollama's list. */
  format: string;
  vectors: number[][];
  ready: Record<string, unknown>;
  /** Of the weights that are not computed; undefined: nothing. */
  leftAside: Record<string, unknown> | undefined;
}

describe('a folder with safetensors and ONNX exports of the same weights', () => {
  const golden = paddedGolden('bert-mean').texts;
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(paddedFixtures, 'bert-mean'), folder, { recursive: true });
    copyFileSync(path.join(paddedFixtures, 'bert-mean.safetensors'), path.join(folder, 'model.safetensors'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const see = async (settings: Partial<Config>): Promise<Seen> => {
    const service = await startService({ model: folder, servedModelName: 'both', ...settings });
    try {
      const get = async (route: string) => (await fetch(`${service.url}${route}`)).json();
      const { data } = (await get('/v1/models')) as { data: Described[] };
      const { models } = (await get('/api/tags')) as { models: { details: { format: string } }[] };
      const response = await service.post('/v1/embeddings', { input: golden.map(({ text }) => text) });
      const embedded = (await response.json()) as { data: { embedding: number[] }[] };
      const lines = service.log().trim().split('\n');
      lines.forEach(checkLogLine);
      const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      return {
        model: data[0] as Described,
        format: String(models[0]?.details.format),
        vectors: embedded.data.map(({ embedding }) => embedding),
        ready: parsed.find(({ msg }) => msg === 'ready') ?? {},
        leftAside: parsed.find(({ leftAside }) => leftAside !== undefined),
      };
    } finally {
      await service.close();
    }
  };
  const differenceFromPyTorch = ({ vectors }: Seen) =>
    Math.max(...golden.map(({ vector }, i) => largestDifference(vectors[i] as number[], vector)));

  it('is computed from safetensors by default, from the export on request, with the same vectors in two spaces', async () => {
    const own = await see({});
    assert.deepEqual([own.model.weights, own.format, own.ready.weights], Array(3).fill('safetensors'));
    assert.equal(own.leftAside?.leftAside, 'onnx');
    assert.equal(own.leftAside.toComputeThem, 'WEIGHTS=onnx, and DTYPE=auto or one of fp32, fp16, q8');
    const exported = await see({ weights: 'onnx' });
    assert.deepEqual([exported.model.weights, exported.format, exported.ready.weights], Array(3).fill('onnx'));
    assert.equal(exported.leftAside?.leftAside, 'safetensors');
    for (const seen of [own, exported]) {
      assert.equal(seen.model.dtype, 'fp32');
      assert.ok(differenceFromPyTorch(seen) < 2e-6, `${differenceFromPyTorch(seen)}`);
    }
    assert.notEqual(own.model.fingerprint, exported.model.fingerprint);
    // Without safetensors beside it, the export has the fingerprint that it always had.
    const alone = await see({ model: path.join(paddedFixtures, 'bert-mean') });
    assert.equal(alone.model.fingerprint, exported.model.fingerprint);
    assert.equal(alone.leftAside, undefined);
  });

  it('is refused where POOLING is for the export, and WEIGHTS does not name it', async () => {
    await assert.rejects(see({ pooling: 'in_graph' }), { message: /^POOLING=in_graph .* Set WEIGHTS=onnx, or unset/ });
  });

  it('is computed from the export in a precision that only it has', async () => {
    const quantized = await see({ dtype: 'q8' });
    assert.deepEqual([quantized.model.weights, quantized.model.dtype], ['onnx', 'q8']);
    assert.equal(quantized.leftAside?.toComputeThem, 'WEIGHTS=safetensors, and DTYPE=auto or one of fp32, int8');
    await assert.rejects(see({ dtype: 'q8', weights: 'safetensors' }), {
      message: /^DTYPE=q8 is not available .* fp32, int8\. Set .*, or set WEIGHTS=onnx\.$/,
    });
  });

  it('is computed from the export where hotvec does not compute a field of config.json, and says so', async () => {
    const file = path.join(folder, 'config.json');
    const config = readFileSync(file, 'utf8');
    writeFileSync(file, JSON.stringify({ ...JSON.parse(config), position_embedding_type: 'relative_key' }));
    try {
      const seen = await see({});
      assert.deepEqual([seen.model.weights, seen.ready.weights], ['onnx', 'onnx']);
      assert.match(
        String(seen.leftAside?.reason),
        /^config\.json: position_embedding_type is "relative_key"; hotvec supports /,
      );
      await assert.rejects(see({ weights: 'safetensors' }), {
        message: /^WEIGHTS=safetensors .*: position_embedding_type is /,
      });
    } finally {
      writeFileSync(file, config);
    }
  });
});
