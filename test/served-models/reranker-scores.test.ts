import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../src/clock.ts';
import { createLogger } from '../../src/log/logger.ts';
import type { ModelManifest, Scoring } from '../../src/model-files/manifest.ts';
import { type OpenModel, openModel } from '../../src/served-models/open-model.ts';
import { InputFailures } from '../../src/tasks/input-failures.ts';
import { PairPreparer } from '../../src/tasks/reranking/pair-preparer.ts';
import { PipelineReranker } from '../../src/tasks/reranking/pipeline-reranker.ts';
import type { Reranker, RerankInput } from '../../src/tasks/reranking/reranker.ts';
import { loadPairTokenizer, type PairTokenizer } from '../../src/tokenization/pair-tokenizer.ts';
import {
  namesOfRerankers,
  type ReferencePair,
  referencePairs,
  rerankerFolders,
  starterPairs,
} from '../support/reranker-references.ts';
import { testConfig } from '../support/running-service.ts';

const TOLERANCE = 2e-6;
/** Of the number before its activation, for each 1 of it. */
const LOGIT_TOLERANCE = 1e-5;
const TIME_LIMIT = 60_000;

const folders = namesOfRerankers().map((name) => ({
  name,
  model: path.join(rerankerFolders, name),
  pairs: referencePairs(name),
}));
const starter = { name: 'starter-reranker', model: 'starter-reranker', pairs: starterPairs() };

for (const { name, model: folder, pairs } of [...folders, starter]) {
  describe(`The scores of ${name}`, () => {
    let model: OpenModel;
    let tokenizer: PairTokenizer;
    before(async () => {
      model = await openModel({
        config: testConfig({ model: folder, task: 'rerank', device: 'cpu' }),
        logger: createLogger('silent'),
        clock: systemClock,
        reports: () => ({ onEngineEvent: () => {} }),
      });
      await model.start();
      tokenizer = await tokenizerOf(model.manifest);
    });
    after(() => model.engine.close());

    const facts = ({ maxTokens }: ReferencePair) => {
      assert.ok(model.task === 'rerank');
      const { model: known } = model.service;
      return { ...known, maxInputTokens: maxTokens ?? known.maxInputTokens };
    };
    const rerankerFor = (pair: ReferencePair): Reranker =>
      new PipelineReranker({
        model: facts(pair),
        tokenizer,
        sharesBeginnings: true,
        batcher: model.batcher,
        clock: systemClock,
      });
    const scoreOf = async (pair: ReferencePair, rawScores = false) => {
      const options = { truncate: 'end', timeLimit: TIME_LIMIT, rawScores } as const;
      const { scores } = await rerankerFor(pair).rerank(inputOf(pair), options);
      return scores[0] ?? Number.NaN;
    };
    const check = (pair: ReferencePair, score: number) => {
      const difference = Math.abs(score - pair.score);
      const isLogit = model.manifest.scoring?.activation === 'identity' && model.manifest.format === 'causal';
      const allowed = isLogit ? LOGIT_TOLERANCE * Math.max(1, Math.abs(pair.score)) : TOLERANCE;
      assert.ok(difference <= allowed, `${pair.query} × ${pair.document.slice(0, 40)}: ${score}, not ${pair.score}`);
    };

    it('come of the token ids of the reference', async () => {
      assert.ok(pairs.length >= 14 && pairs.some(({ maxTokens }) => maxTokens !== null));
      for (const pair of pairs) {
        const preparer = new PairPreparer(facts(pair), tokenizer);
        const failures = new InputFailures('fail');
        const accepted = preparer.accept(inputOf(pair), failures);
        const [prepared] = await preparer.tokenize(inputOf(pair), accepted, { truncate: 'end' }, failures);
        assert.deepEqual([...(prepared?.ids ?? [])], pair.ids, `${pair.query} × ${pair.document.slice(0, 40)}`);
        const isWhole = pair.maxTokens === null || pair.ids.length < pair.maxTokens;
        if (isWhole) assert.equal(prepared?.truncated, false);
      }
    });

    it('are those of PyTorch, alone and in a batch of all', async () => {
      for (const pair of pairs) check(pair, await scoreOf(pair));
      const together = await Promise.all(pairs.map((pair) => scoreOf(pair)));
      for (const [i, pair] of pairs.entries()) check(pair, together[i] as number);
    });

    it('are counted as what is computed: what pairs begin with in common once only by a decoder', async () => {
      assert.ok(model.task === 'rerank');
      const query = { text: 'What is gravity?', name: 'query' };
      const documents = ['A force.', 'A fruit.'].map((text, i) => ({ text, name: `documents[${i}]` }));
      const options = { truncate: 'end', timeLimit: TIME_LIMIT } as const;
      const { tokens, neededTokens } = await model.service.rerank({ query, documents, instruction: null }, options);
      const total = tokens.reduce((sum, count) => sum + count, 0);
      if (model.manifest.format === 'causal') assert.ok(neededTokens < total);
      else assert.equal(neededTokens, total);
    });

    it('are the logits themselves where raw ones are asked for', async () => {
      for (const pair of pairs.slice(0, 8)) {
        const logit = await scoreOf(pair, true);
        assert.ok(
          Math.abs(logit - pair.logit) <= LOGIT_TOLERANCE * Math.max(1, Math.abs(pair.logit)),
          `${logit}, ${pair.logit}`,
        );
      }
    });
  });
}

describe('openModel() of a reranker', () => {
  const open = (settings: object) =>
    openModel({
      config: testConfig({ model: 'starter-reranker', device: 'cpu', ...settings }),
      logger: createLogger('silent'),
      clock: systemClock,
      reports: () => ({ onEngineEvent: () => {} }),
    });

  it('refuses a limit of tokens that leaves no room beside the template', async () => {
    await assert.rejects(
      open({ maxInputTokens: 20 }),
      /MAX_INPUT_TOKENS=20 .*template of starter-reranker has \d+ tokens/,
    );
  });

  it('checks the pairs of its canary whole, however short others are kept', async () => {
    const model = await open({ maxInputTokens: 100 });
    assert.ok(model.manifest.scoreCanary?.cases.some(({ ids }) => ids.length > 100));
    await model.start();
    await model.engine.close();
  });

  it('refuses a canary that its weights do not pass', async () => {
    const model = await open({});
    const { scoreCanary } = model.manifest;
    assert.ok(scoreCanary !== null && scoreCanary.cases.length > 0);
    for (const one of scoreCanary.cases) one.score += 0.01;
    await assert.rejects(model.start(), /canary failed .* pair 1 scores/);
    await model.engine.close();
  });
});

function tokenizerOf(manifest: ModelManifest): Promise<PairTokenizer> {
  const { template } = manifest.scoring as Scoring;
  const { tokenizer, vocabularySize, namedTokens } = manifest;
  return loadPairTokenizer(manifest.tokenizerFile, template, { ...tokenizer, vocabularySize, namedTokens });
}

function inputOf({ query, document, instruction }: ReferencePair): RerankInput {
  return {
    query: { text: query, name: 'query' },
    documents: [{ text: document, name: 'documents[0]' }],
    instruction: instruction ?? null,
  };
}
