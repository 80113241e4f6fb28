import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { describeModel } from '../../src/formats/describe-model.ts';
import { FileHashes } from '../../src/model-files/file-hashes.ts';
import { fingerprintOf } from '../../src/model-files/fingerprint.ts';
import { padded } from '../support/padded-fixtures.ts';
import { rerankerFolders } from '../support/reranker-references.ts';
import { packed, starterManifest } from '../support/starter.ts';

describe('fingerprintOf()', () => {
  it('takes hashes that are known, and gives the same as by reading', async () => {
    const manifest = await starterManifest();
    const read = await fingerprintOf(manifest, 'fp32');
    const [tensor] = Object.values(packed(manifest).tensors);
    const weights = realpathSync(tensor?.file as string);
    const verified = '38cfa666ae98bd344e3b2204c366473c5681c409d7d0ab4d79719940b6cce33f';
    assert.equal(await fingerprintOf(manifest, 'fp32', new FileHashes(new Map([[weights, verified]]))), read);
    assert.notEqual(await fingerprintOf(manifest, 'fp32', new FileHashes(new Map([[weights, '0'.repeat(64)]]))), read);
  });

  it('tells other token types and another activation of a cross-encoder', async () => {
    const name = 'bert-identity';
    const manifest = await describeModel({ name, folder: path.join(rerankerFolders, name) });
    const untyped = { ...manifest, weights: { ...padded(manifest), tokenTypes: null } };
    const { scoring } = manifest;
    const squashed = { ...manifest, scoring: scoring && { ...scoring, activation: 'sigmoid' as const } };
    const all = await Promise.all([manifest, untyped, squashed].map((one) => fingerprintOf(one, 'fp32')));
    assert.equal(new Set(all).size, 3);
  });

  it('stays what it was before pairs were read: how two texts are joined counts for a reranker only', async () => {
    const manifest = await starterManifest();
    // Of the starter, by the version that wrote it into databases first.
    assert.equal(await fingerprintOf(manifest, 'fp32'), 'a8d13dde36d181ad');
    const single = [{ Sequence: { id: 'A', type_id: 0 } }];
    const joined = (pair: object[], task: 'embed' | 'rerank') => {
      const post_processor = { type: 'TemplateProcessing', single, pair, special_tokens: {} };
      return fingerprintOf(
        { ...manifest, task, tokenizer: { ...manifest.tokenizer, changes: { post_processor } } },
        'fp32',
      );
    };
    const before = [...single, { Sequence: { id: 'B', type_id: 0 } }];
    const now = [...single, { Sequence: { id: 'B', type_id: 1 } }];
    assert.equal(await joined(now, 'embed'), await joined(before, 'embed'));
    assert.notEqual(await joined(now, 'rerank'), await joined(before, 'rerank'));
  });

  it('tells int8 from fp32', async () => {
    const manifest = await starterManifest();
    assert.notEqual(await fingerprintOf(manifest, 'int8'), await fingerprintOf(manifest, 'fp32'));
  });
});
