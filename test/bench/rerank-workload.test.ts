import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { commonPrefix, openRerankWorkload, type RerankWorkload } from '../../bench/rerank-workload.ts';
import { openWorkloads } from '../../bench/workloads.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import { resolveModel } from '../../src/model-files/resolve-model.ts';
import { loadNativeTokenizer } from '../../src/tokenization/native-tokenizer.ts';
import { starterPairs } from '../support/reranker-references.ts';

describe('the workload rr', () => {
  let rr: RerankWorkload;
  before(async () => {
    const manifest = await describeModel(resolveModel('starter-reranker'));
    const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile);
    rr = await openRerankWorkload(manifest, await openWorkloads(tokenizer, 'no-such-corpus.jsonl'));
  });

  it('reads pairs as the reference does, template and all', async () => {
    const plain = starterPairs().filter(({ maxTokens, instruction }) => maxTokens === null && instruction == null);
    assert.ok(plain.length >= 10);
    for (const { query, document, ids } of plain) {
      const [pair] = await rr.read(query, [document]);
      assert.deepEqual([...(pair ?? [])], ids);
    }
  });

  it('has one query and other documents for each seed, and knows what its pairs begin with', async () => {
    const [first, again, other] = [await rr.take(32, 1), await rr.take(32, 1), await rr.take(32, 2)];
    assert.deepEqual(first, again);
    assert.notEqual(first.query, other.query);
    assert.equal(new Set([...first.documents, ...other.documents]).size, 64);
    assert.equal(first.pairs.length, 32);
    for (const { pairs, prefix } of [first, other]) {
      // Documents may happen to begin alike, too.
      assert.ok(prefix > 80 && prefix <= commonPrefix(pairs), `${prefix}, ${commonPrefix(pairs)}`);
    }
    assert.ok(commonPrefix([...first.pairs, ...other.pairs]) < Math.min(first.prefix, other.prefix));
  });
});

describe('commonPrefix', () => {
  it('ends where one sequence differs or ends', () => {
    const ids = (...list: number[]) => Int32Array.from(list);
    assert.equal(commonPrefix([ids(1, 2, 3), ids(1, 2, 4), ids(1, 2, 3, 5)]), 2);
    assert.equal(commonPrefix([ids(1, 2, 3), ids(1)]), 1);
    assert.equal(commonPrefix([ids(1, 2)]), 2);
  });
});
