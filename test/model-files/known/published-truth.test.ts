import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { FileHashes } from '../../../src/model-files/file-hashes.ts';
import {
  findPublishedTruth,
  PUBLISHED_TRUTHS,
  type PublishedTruth,
} from '../../../src/model-files/known/published-truth.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { packed, starterManifest } from '../../support/starter.ts';

/** A truth about the starter, as one about Qwen3-Embedding-0.6B is built in. */
async function starterTruth(): Promise<PublishedTruth> {
  const manifest = await starterManifest();
  const file = packed(manifest).tensors['norm.weight']?.file as string;
  const files = new FileHashes();
  return {
    ...(PUBLISHED_TRUTHS[0] as PublishedTruth),
    configSha256: await files.of(path.join(manifest.folder, 'config.json')),
    weightsSha256: await files.of(file),
    weightsBytes: readFileSync(file).length,
  };
}

describe('findPublishedTruth()', () => {
  let folder: string;
  const find = async (truth: PublishedTruth, files = new FileHashes()) =>
    findPublishedTruth(await describeModel({ name: 'copy', folder }), files, [truth]);

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    cpSync(path.join(packageRoot, 'models', 'starter'), folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('knows a model again by its files, whatever its folder is called', async () => {
    const truth = await starterTruth();
    assert.equal(await find(truth), truth);
  });

  it('does not take other weights for it', async () => {
    const truth = await starterTruth();
    const file = path.join(folder, 'model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    writeFileSync(file, bytes);
    assert.equal(await find(truth), undefined);
  });

  it('reads no weights where config.json or their size says that it is another model', async () => {
    const truth = await starterTruth();
    class NoWeights extends FileHashes {
      override of(file: string): Promise<string> {
        assert.ok(!file.endsWith('.safetensors'), 'the weights were hashed');
        return super.of(file);
      }
    }
    assert.equal(await find({ ...truth, weightsBytes: truth.weightsBytes + 1 }, new NoWeights()), undefined);
    assert.equal(await find({ ...truth, configSha256: '0'.repeat(64) }, new NoWeights()), undefined);
  });
});

describe('PUBLISHED_TRUTHS', () => {
  it("hold the model card's score matrix of Qwen3-Embedding-0.6B", () => {
    const [truth] = PUBLISHED_TRUTHS;
    const scores = truth?.canary.scores;
    assert.equal(truth?.model, 'Qwen/Qwen3-Embedding-0.6B');
    assert.deepEqual(
      scores?.cosines.map((row) => row.map((score) => score.toFixed(4))),
      [
        ['0.7646', '0.1414'],
        ['0.1355', '0.6000'],
      ],
    );
    assert.deepEqual([scores?.tolerance, scores?.halfPrecisionTolerance], [2e-3, 5e-3]);
  });
});
