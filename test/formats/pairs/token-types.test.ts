import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { startOfSecondText, tokenTypesOf } from '../../../src/formats/pairs/token-types.ts';
import type { PairPiece } from '../../../src/model-files/folder/tokenizer/describe-pairs.ts';
import { loadPadded, padded } from '../../support/padded-fixtures.ts';
import { referencePairs, rerankerFolders } from '../../support/reranker-references.ts';

/** Pieces as `2:0 a:0 3:0 b:1`: letters are texts. */
const pairs = (written: string, typeComplaint: string | null = null) => {
  const pieces = written.split(' ').map((piece): PairPiece => {
    const [token = '', type] = piece.split(':');
    return { token: /\d/.test(token) ? Number(token) : null, type: Number(type) };
  });
  return { pieces, complaint: null, typeComplaint };
};

describe('tokenTypesOf()', () => {
  it('finds after which token, and which one of them, the types turn', () => {
    assert.deepEqual(tokenTypesOf(pairs('2:0 a:0 3:0 b:1 3:1')), { afterToken: 3, occurrence: 1 });
    assert.deepEqual(tokenTypesOf(pairs('2:0 a:0 3:0 3:0 b:1 3:1')), { afterToken: 3, occurrence: 2 });
    assert.deepEqual(tokenTypesOf(pairs('3:0 a:0 3:0 3:1 b:1')), { afterToken: 3, occurrence: 2 });
  });

  it('knows of pairs whose types are all the same', () => {
    assert.equal(tokenTypesOf(pairs('0:0 a:0 2:0 2:0 b:0 2:0')), null);
  });

  it('refuses types that do not follow from ids, saying which there are', () => {
    for (const [written, shown] of [
      ['2:0 a:0 b:1 3:1', 'text: 0, text: 1'],
      ['2:0 a:0 3:0 b:1 3:0', '3: 0, text: 1, 3: 0'],
      ['2:2 a:0 3:0 b:1 3:1', '2: 2'],
      ['2:0 a:0 3:0 b:2 3:2', 'text: 2'],
    ] as const) {
      assert.throws(() => tokenTypesOf(pairs(written)), { name: 'StartError', message: new RegExp(shown) }, written);
    }
    assert.throws(() => tokenTypesOf(pairs('2:0 a:0 3:0 b:1', 'versions differ')), /^StartError: versions differ$/);
  });
});

describe('startOfSecondText()', () => {
  it('is where the token types of PyTorch turn, for every pair of the references', () => {
    const pairs = referencePairs('bert-identity');
    assert.ok(pairs.length >= 20);
    for (const { ids, typeIds } of pairs) {
      const start = startOfSecondText(Int32Array.from(ids), { afterToken: 3, occurrence: 1 });
      assert.deepEqual(
        ids.map((_, i) => (i >= start ? 1 : 0)),
        typeIds,
      );
    }
  });

  it('counts, and is past the end where there is no second text', () => {
    const sequence = Int32Array.of(2, 9, 3, 3, 8, 3);
    assert.equal(startOfSecondText(sequence, { afterToken: 3, occurrence: 2 }), 4);
    assert.equal(startOfSecondText(sequence, { afterToken: 7, occurrence: 1 }), 6);
  });
});

describe('PaddedModel of a cross-encoder', () => {
  it('gives the graph the token types of each pair in a batch, and 0 in padding', async () => {
    const folder = path.join(rerankerFolders, 'bert-identity');
    const model = await loadPadded(await describeModel({ name: 'bert-identity', folder }));
    const { session } = (model as unknown as { parts: { session: InferenceSession } }).parts;
    const run = session.run.bind(session);
    let types: Tensor | undefined;
    session.run = async (feeds: InferenceSession.FeedsType, wanted?: unknown) => {
      types = feeds.token_type_ids as Tensor;
      return run(feeds, wanted as InferenceSession.FetchesType);
    };
    const pairs = referencePairs('bert-identity');
    await model.run(toBatch(pairs.map(({ ids }) => ids)));
    const [, longest = 0] = types?.dims ?? [];
    const found = Array.from(types?.data as BigInt64Array, Number);
    for (const [row, { typeIds }] of pairs.entries()) {
      const expected = [...(typeIds ?? []), ...new Array(longest).fill(0)].slice(0, longest);
      assert.deepEqual(found.slice(row * longest, (row + 1) * longest), expected);
    }
  });

  it('has none where the tokenizer gives all texts the same', async () => {
    const folder = path.join(rerankerFolders, 'xlm-roberta');
    const manifest = await describeModel({ name: 'xlm-roberta', folder });
    assert.equal(padded(manifest).tokenTypes, null);
    assert.deepEqual(manifest.selfCheck.betweenTexts, [2, 2]);
  });
});
