import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { InferenceSession } from 'onnxruntime-node';
import { toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { largestDifference } from '../../support/difference.ts';
import {
  embedTogether,
  loadPadded,
  paddedFixtures,
  paddedGolden,
  paddedManifest,
} from '../../support/padded-fixtures.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const FOLDERS = ['bert-mean', 'bert-cls-dense', 'bert-pooled', 'roberta-mean', 'qwen3-decoder'] as const;

describe('PaddedModel in fp32', () => {
  for (const name of FOLDERS) {
    it(`gives the vectors of PyTorch for ${name}, all texts in one batch`, async () => {
      const manifest = await paddedManifest(name);
      const { texts } = paddedGolden(name);
      const model = await loadPadded(manifest);
      const vectors = await embedTogether(
        model,
        manifest,
        texts.map(({ ids }) => ids),
      );
      for (const [i, { vector, text }] of texts.entries()) {
        assert.ok(largestDifference(vectors[i] as number[], vector) < 2e-6, text);
      }
    });

    it(`gives a text the same vector alone as beside any neighbors: ${name}`, async () => {
      const manifest = await paddedManifest(name);
      const sequences = paddedGolden(name).texts.map(({ ids }) => ids);
      const model = await loadPadded(manifest);
      const alone: number[][] = [];
      for (const ids of sequences) alone.push(...(await embedTogether(model, manifest, [ids])));
      const random = new SeededRandom(7);
      for (let round = 0; round < 20; round++) {
        const picks = Array.from({ length: random.integer(2, 12) }, () => random.integer(0, sequences.length - 1));
        const together = await embedTogether(
          model,
          manifest,
          picks.map((pick) => sequences[pick] as number[]),
        );
        for (const [i, pick] of picks.entries()) {
          assert.ok(largestDifference(together[i] as number[], alone[pick] as number[]) < 1e-6, `${pick} in ${picks}`);
        }
      }
    });
  }

  it('gives what PyTorch gives for a client’s own ids, pad tokens and all', async () => {
    // Token 0 is the pad token of bert-mean. Inside a sequence it is a token: a mask made from ids would hide it.
    const manifest = await paddedManifest('bert-mean');
    const model = await loadPadded(manifest);
    const [withPad, without] = await embedTogether(model, manifest, [
      [2, 40, 0, 41, 3],
      [2, 40, 41, 3],
    ]);
    const [alone] = await embedTogether(model, manifest, [[2, 40, 0, 41, 3]]);
    assert.ok(largestDifference(withPad as number[], alone as number[]) < 1e-6);
    assert.ok(largestDifference(withPad as number[], without as number[]) > 1e-2);
  });

  it('counts the slots it computes, padding included', async () => {
    const model = await loadPadded(await paddedManifest('bert-mean'));
    assert.equal(
      (
        await model.run(
          toBatch([
            [2, 40, 3],
            [2, 3],
            [2, 40, 41, 42, 3],
          ]),
        )
      ).computedTokens,
      15,
    );
  });

  it('fetches one output: every other would be copied for nothing', async () => {
    const model = await loadPadded(await paddedManifest('qwen3-decoder'));
    const { session } = (model as unknown as { parts: { session: InferenceSession } }).parts;
    assert.equal(session.outputNames.length, 5);
    const run = session.run.bind(session);
    const fetched: string[] = [];
    session.run = async (feeds: InferenceSession.FeedsType, wanted?: unknown) => {
      const outputs = await run(feeds, wanted as InferenceSession.FetchesType);
      fetched.push(...Object.keys(outputs));
      return outputs;
    };
    await model.run(toBatch([[1, 2, 0]]));
    assert.deepEqual(fetched, ['last_hidden_state']);
  });

  it('refuses a batch with an empty sequence', async () => {
    const model = await loadPadded(await paddedManifest('bert-mean'));
    await assert.rejects(model.run(toBatch([[2, 3], []])), /sequence 1 of the batch is empty/);
  });

  it('loads a graph and its data file through the links of a Hugging Face cache', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const folder = path.join(root, 'snapshots', 'abc');
    cpSync(path.join(paddedFixtures, 'qwen3-decoder'), folder, { recursive: true });
    mkdirSync(path.join(root, 'blobs'));
    for (const [i, file] of ['onnx/model.onnx', 'onnx/model.onnx_data'].entries()) {
      renameSync(path.join(folder, file), path.join(root, 'blobs', `blob${i}`));
      symlinkSync(path.join('..', '..', '..', 'blobs', `blob${i}`), path.join(folder, file));
    }
    const manifest = await describeModel({ name: 'linked', folder });
    const [golden] = paddedGolden('qwen3-decoder').texts;
    const [vector] = await embedTogether(await loadPadded(manifest), manifest, [golden?.ids as number[]]);
    assert.ok(largestDifference(vector as number[], golden?.vector as number[]) < 2e-6);
    rmSync(root, { recursive: true });
  });
});

describe('PaddedModel in other precisions', () => {
  for (const [name, dtype, tolerance] of [
    ['bert-mean', 'fp16', 2e-3],
    ['qwen3-decoder', 'fp16', 3e-3],
    ['bert-mean', 'q8', 3e-2],
  ] as const) {
    it(`gives nearly the vectors of PyTorch: ${name} in ${dtype}`, async () => {
      const manifest = await paddedManifest(name);
      const { texts } = paddedGolden(name);
      const model = await loadPadded(manifest, dtype);
      const vectors = await embedTogether(
        model,
        manifest,
        texts.map(({ ids }) => ids),
      );
      for (const [i, { vector, text }] of texts.entries()) {
        assert.ok(largestDifference(vectors[i] as number[], vector) < tolerance, text);
      }
    });
  }

  it('gives bit for bit the same vector in any batch where quantization would let neighbors in', async () => {
    const manifest = await paddedManifest('bert-mean');
    const sequences = paddedGolden('bert-mean').texts.map(({ ids }) => ids);
    const model = await loadPadded(manifest, 'q8');
    const together = await embedTogether(model, manifest, sequences);
    for (const [i, ids] of sequences.entries()) {
      const [alone] = await embedTogether(model, manifest, [ids]);
      assert.equal(largestDifference(alone as number[], together[i] as number[]), 0);
    }
  });
});
