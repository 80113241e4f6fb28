import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { formatOf } from '../../../src/formats/formats.ts';
import { FileHashes } from '../../../src/model-files/file-hashes.ts';
import type { Release } from '../../../src/model-files/known/published-hashes.ts';
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
  const release = {
    commit: '',
    files: {
      'config.json': await files.of(path.join(manifest.folder, 'config.json')),
      'model.safetensors': await files.of(file),
    },
    task: 'embed' as const,
    weightsBytes: readFileSync(file).length,
  };
  return { ...(PUBLISHED_TRUTHS[0] as PublishedTruth), release };
}

describe('findPublishedTruth()', () => {
  let folder: string;
  const find = async (truth: PublishedTruth, files = new FileHashes()) => {
    const manifest = await describeModel({ name: 'copy', folder });
    return findPublishedTruth({ folder, weightFiles: formatOf(manifest).engineFiles(manifest) }, files, [truth]);
  };

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
    const findRelease = (change: Partial<Release>) =>
      find({ ...truth, release: { ...truth.release, ...change } }, new NoWeights());
    assert.equal(await findRelease({ weightsBytes: truth.release.weightsBytes + 1 }), undefined);
    assert.equal(await findRelease({ files: { ...truth.release.files, 'config.json': '0'.repeat(64) } }), undefined);
  });
});

describe('PUBLISHED_TRUTHS', () => {
  it("hold the model card's score matrix of Qwen3-Embedding-0.6B", () => {
    const [truth] = PUBLISHED_TRUTHS;
    const scores = truth?.canary?.scores;
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
