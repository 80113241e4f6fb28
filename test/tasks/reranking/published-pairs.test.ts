import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { before, describe, it } from 'node:test';
import { causalFormat } from '../../../src/formats/causal/causal-format.ts';
import { partsOfWords } from '../../../src/formats/chat-template.ts';
import { qwen3RerankerScores } from '../../../src/model-files/known/published-scores.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { InputFailures } from '../../../src/tasks/input-failures.ts';
import { checkPairs, PairPreparer } from '../../../src/tasks/reranking/pair-preparer.ts';
import type { RerankingFacts } from '../../../src/tasks/reranking/reranker.ts';
import { loadPairTokenizer } from '../../../src/tokenization/pair-tokenizer.ts';
import type { ReferencePair } from '../../support/reranker-references.ts';
import { fixtures } from '../../support/starter.ts';

// The real tokenizer is too large for this repository: so only where it lies beside it.
const file = path.join(packageRoot, '..', 'shared', 'data', 'qwen3-base-tokenizer', 'tokenizer.json');
const skip = existsSync(file) ? false : 'the tokenizer of Qwen3 is not beside the project (../shared)';
const reference: { pairs: ReferencePair[] } = JSON.parse(
  readFileSync(path.join(fixtures, 'rerankers', 'qwen3-token-ids.json'), 'utf8'),
);

describe("Qwen3-Reranker's template with its real tokenizer", { skip }, () => {
  let preparerFor: (maxTokens: number | null) => PairPreparer;
  before(async () => {
    const { added_tokens: added } = JSON.parse(readFileSync(file, 'utf8')) as { added_tokens: { content: string }[] };
    const { words = '', instruction = '' } = causalFormat.pairWords ?? {};
    const partsOf = (text: string) =>
      partsOfWords(
        text,
        added.map(({ content }) => content),
      );
    const parts = partsOf(words.replace('{instruction}', instruction));
    const tokenizer = await loadPairTokenizer(file, { parts, instructedParts: partsOf(words) }, {});
    preparerFor = (maxTokens) => {
      const model = { maxInputTokens: maxTokens ?? 8192, maxRequestTokens: 100_000 } as RerankingFacts;
      return new PairPreparer(model, tokenizer);
    };
  });

  it('gives the token ids of transformers, to the character', async () => {
    assert.equal(reference.pairs.length, 20);
    for (const { query, document, instruction = null, maxTokens, ids } of reference.pairs) {
      const input = {
        query: { text: query, name: 'query' },
        documents: [{ text: document, name: 'documents[0]' }],
        instruction,
      };
      const preparer = preparerFor(maxTokens);
      const failures = new InputFailures('fail');
      const [pair] = await preparer.tokenize(input, preparer.accept(input, failures), { truncate: 'end' }, failures);
      assert.deepEqual([...(pair?.ids ?? [])], ids, `${query} × ${document.slice(0, 40)}`);
    }
  });

  it('gives the ids that the built-in canary holds, and another template does not', async () => {
    await checkPairs(qwen3RerankerScores.cases, preparerFor(null));
    const [first] = qwen3RerankerScores.cases;
    assert.ok(first !== undefined);
    await assert.rejects(checkPairs([{ ...first, ids: first.ids.slice(1) }], preparerFor(null)), /canary pair 1/);
  });
});
