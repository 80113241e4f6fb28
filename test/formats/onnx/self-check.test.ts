import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { EngineSupervisor } from '../../../src/engine/supervisor/supervisor.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { ElementType, OnnxGraph } from '../../../src/formats/graph-writer/onnx-graph.ts';
import { passCanary } from '../../../src/tasks/embedding/pass-canary.ts';
import { loadPadded, paddedFixtures, paddedManifest } from '../../support/padded-fixtures.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { realEngineEntry, superviseEngine } from '../../support/supervised-engine.ts';

const HIDDEN = 32;
const VOCABULARY = 320;

/** An export whose sentence_embedding is a mean that counts padding: it takes a mask and does not use it. */
function writeMasklessExport(file: string): void {
  const random = new SeededRandom(12);
  const graph = new OnnxGraph('maskless');
  const table = Float32Array.from({ length: VOCABULARY * HIDDEN }, () => random.next() - 0.5);
  const embedding = graph.constant('table', ElementType.float32, [VOCABULARY, HIDDEN], table);
  const ids = graph.input('input_ids', ElementType.int64, ['batch', 'sequence']);
  graph.input('attention_mask', ElementType.int64, ['batch', 'sequence']);
  const states = graph.node('Gather', [embedding, ids]);
  graph.node('ReduceMean', [states, graph.constant('axis', ElementType.int64, [1], BigInt64Array.of(1n))], {
    attributes: { keepdims: { int: 0 } },
    outputs: [graph.output('sentence_embedding', ElementType.float32, ['batch', HIDDEN])],
  });
  writeFileSync(file, graph.serialize({ '': 21 }));
}

describe('the self-check of an engine with an ONNX export', () => {
  let folder: string;
  let engine: EngineSupervisor | undefined;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(paddedFixtures, 'bert-mean'), folder, { recursive: true });
    rmSync(path.join(folder, 'onnx'), { recursive: true });
    writeMasklessExport(path.join(folder, 'model.onnx'));
  });
  afterEach(async () => {
    // One that started against all expectation would keep the test process alive.
    await engine?.close();
    rmSync(folder, { recursive: true });
  });

  it('passes with every fixture', async () => {
    for (const name of ['bert-mean', 'bert-cls-dense', 'bert-pooled', 'roberta-mean', 'qwen3-decoder']) {
      const manifest = await paddedManifest(name);
      const model = await loadPadded(manifest);
      assert.ok(
        (await passCanary((batch) => model.run(batch), manifest, { device: 'cpu', dtype: 'fp32' })).difference < 1e-5,
        name,
      );
    }
  });

  it('keeps an export from serving that lets padding into its vectors', async () => {
    const manifest = await describeModel({ name: 'maskless', folder });
    ({ engine } = await superviseEngine(realEngineEntry, { manifest }));
    await assert.rejects(engine.start(), {
      name: 'StartError',
      message:
        /The self-check failed: the same token ids give a different vector in a batch than alone \(.*wrong vectors/,
    });
  });

  it('refuses rows of another width than the config says', async () => {
    const manifest = { ...(await describeModel({ name: 'narrow', folder })), hiddenSize: 24 };
    ({ engine } = await superviseEngine(realEngineEntry, { manifest }));
    await assert.rejects(engine.start(), /returns rows of 32 components, but the model's config says 24/);
  });
});
