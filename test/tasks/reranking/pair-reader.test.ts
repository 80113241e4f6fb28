import assert from 'node:assert/strict';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { Tokenizer as NativeTokenizer } from 'tokenizers';
import { type PairLimits, PairReader, type ReadPair } from '../../../src/tasks/reranking/pair-reader.ts';
import { loadPairTokenizer, type PairTokenizer } from '../../../src/tokenization/pair-tokenizer.ts';
import type { Encoding, Tokenizer } from '../../../src/tokenization/tokenizer.ts';
import { referencePairs, rerankerFolders } from '../../support/reranker-references.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const WORDS = 'The capital of China is Beijing, and gravity attracts 两个 bodies ; an apple falls'.split(' ');
const NO_LIMIT = 1_000;

async function read(
  tokenizer: PairTokenizer,
  query: string,
  document: string,
  limits: Partial<PairLimits>,
): Promise<ReadPair> {
  const whole = { truncate: 'end', maxTokens: NO_LIMIT, ...limits } as const;
  const named = { query: { text: query, name: 'query' }, instruction: null };
  const reader = await PairReader.open(tokenizer, named, whole);
  const one = { text: document, name: 'documents[4]' };
  const [encoding] = await reader.encode([one]);
  return reader.finish(one, encoding as Encoding);
}

for (const name of ['bert-identity', 'xlm-roberta']) {
  describe(`PairReader: ${name}`, () => {
    const file = path.join(rerankerFolders, name, 'tokenizer.json');
    let tokenizer: PairTokenizer;
    before(async () => {
      tokenizer = await loadPairTokenizer(file, { parts: null, instructedParts: null }, {});
    });

    it('reads the pairs of the reference, and says which were cut', async () => {
      let cut = 0;
      for (const { query, document, maxTokens, ids } of referencePairs(name)) {
        const pair = await read(tokenizer, query, document, maxTokens === null ? {} : { maxTokens });
        assert.deepEqual([...pair.ids], ids, `${query.slice(0, 40)} × ${document.slice(0, 40)}`);
        const whole = await read(tokenizer, query, document, {});
        assert.equal(pair.truncated, whole.ids.length > ids.length);
        if (pair.truncated) cut++;
      }
      assert.ok(cut >= 12, `${cut} cut`);
    });

    it('reads nothing of bulk among the texts of those who wait', async () => {
      const asked: (boolean | undefined)[] = [];
      const tokenize: Tokenizer['tokenize'] = (texts, options) => {
        asked.push(options?.isBulk);
        return tokenizer.text.tokenize(texts, options);
      };
      const recording = { ...tokenizer, text: { tokenize } };
      const document = WORDS.join(' ');
      for (const priority of ['bulk', 'interactive', undefined] as const) {
        asked.length = 0;
        const { truncated } = await read(recording, 'query', document, { priority, maxTokens: 8 });
        assert.ok(truncated && asked.length > 1);
        assert.deepEqual(new Set(asked), new Set([priority === 'bulk']));
      }
    });

    for (const [truncate, direction] of [
      ['end', 'right'],
      ['start', 'left'],
    ] as const) {
      it(`cuts the ${truncate} of the longer text first, as the tokenizers library`, async () => {
        const native = NativeTokenizer.fromFile(file);
        const random = new SeededRandom(15);
        const textOf = (words: number) =>
          Array.from({ length: words }, () => WORDS[random.integer(0, WORDS.length - 1)]).join(' ');
        let cut = 0;
        for (let round = 0; round < 300; round++) {
          const [query, document] = [textOf(random.integer(1, 20)), textOf(random.integer(1, 30))];
          const maxTokens = random.integer(8, 120);
          native.disableTruncation();
          const whole = (await native.encode(query, document)).getIds();
          const longest = (await native.encodeBatch([query, document])).map((text) => text.getIds().length);
          // Of longer ones it leaves other tokens than for Python (test/fixtures/rerankers/README.md).
          if (Math.max(...longest) > maxTokens) continue;
          if (whole.length > maxTokens) cut++;
          native.setTruncation(maxTokens, { direction });
          const expected = (await native.encode(query, document)).getIds();
          const { ids } = await read(tokenizer, query, document, { truncate, maxTokens });
          assert.deepEqual([...ids], expected, `${query} × ${document} in ${maxTokens}`);
        }
        assert.ok(cut > 20, `${cut} cut`);
      });
    }

    it('keeps what is allowed of a document, whatever there is room for', async () => {
      const [query, document] = ['An apple falls', 'The capital of China is Beijing, and an apple falls'];
      const whole = await read(tokenizer, query, document, {});
      const some = await read(tokenizer, query, document, { maxDocumentTokens: 3 });
      const none = await read(tokenizer, query, '', {});
      assert.equal(some.ids.length, none.ids.length + 3);
      assert.equal(some.truncated, true);
      const after = tokenizer.parts.at(-1);
      assert.ok(after !== undefined && 'ids' in after);
      const kept = some.ids.length - after.ids.length;
      assert.deepEqual(some.ids.subarray(0, kept), whole.ids.subarray(0, kept));
      assert.deepEqual(some.ids.subarray(kept), after.ids);
      const last = await read(tokenizer, query, document, { maxDocumentTokens: 3, truncate: 'start' });
      const tail = 3 + after.ids.length;
      assert.deepEqual(last.ids.subarray(-tail), whole.ids.subarray(-tail));
      const all = await read(tokenizer, query, document, { maxDocumentTokens: 500 });
      assert.deepEqual(all, whole);
    });

    it('refuses what is too long without leave, naming the document, its tokens and the limit', async () => {
      const [query, document] = ['An apple falls', 'The capital of China is Beijing.'];
      const { ids } = await read(tokenizer, query, document, {});
      const error = { truncate: 'error' } as const;
      assert.deepEqual((await read(tokenizer, query, document, { ...error, maxTokens: ids.length })).ids, ids);
      const limit = ids.length - 1;
      await assert.rejects(read(tokenizer, query, document, { ...error, maxTokens: limit }), (thrown: Error) => {
        assert.match(thrown.message, new RegExp(`documents\\[4\\] has ${ids.length} tokens.*limit is ${limit} tokens`));
        assert.ok(!thrown.message.includes('Beijing'));
        return 'code' in thrown && thrown.code === 'input_too_long';
      });
    });

    it('refuses a limit that leaves no room for a token of each', async () => {
      const special = (await read(tokenizer, '', '', {})).ids.length;
      const pair = await read(tokenizer, 'An apple falls', 'An apple falls', { maxTokens: special + 2 });
      assert.equal(pair.ids.length, special + 2);
      await assert.rejects(read(tokenizer, 'An apple falls', 'An apple falls', { maxTokens: special + 1 }), {
        code: 'input_too_long',
        message: /query leaves no room for a document/,
      });
    });
  });
}
