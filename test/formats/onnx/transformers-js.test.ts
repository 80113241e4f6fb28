import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { env, pipeline } from '@huggingface/transformers';
import { loadNativeTokenizer } from '../../../src/tokenization/native-tokenizer.ts';
import { largestDifference } from '../../support/difference.ts';
import {
  embedTogether,
  loadPadded,
  paddedFixtures,
  paddedGolden,
  paddedManifest,
} from '../../support/padded-fixtures.ts';

describe('PaddedModel beside the pipeline of transformers.js', () => {
  before(() => {
    env.allowRemoteModels = false;
    env.localModelPath = paddedFixtures;
  });

  // Not in fp16: on Node 20 and 22 it takes the bits of half floats for numbers.
  for (const name of ['bert-mean', 'roberta-mean']) {
    it(`gives its vectors from the text on, alone and in one batch: ${name}`, async () => {
      const extract = await pipeline('feature-extraction', name, { dtype: 'fp32' });
      const manifest = await paddedManifest(name);
      const model = await loadPadded(manifest);
      const texts = paddedGolden(name).texts.map(({ text }) => text);
      const tokenizer = await loadNativeTokenizer(manifest.tokenizerFile);
      const encodings = await tokenizer.tokenize(texts);
      const together = await embedTogether(
        model,
        manifest,
        encodings.map(({ ids }) => ids),
      );
      const oracle = (await extract(texts, { pooling: 'mean', normalize: true })).tolist() as number[][];
      for (const [i, text] of texts.entries()) {
        assert.ok(largestDifference(together[i] as number[], oracle[i] as number[]) < 2e-6, text);
        const alone = (await extract(text, { pooling: 'mean', normalize: true })).tolist() as number[][];
        assert.ok(largestDifference(together[i] as number[], alone[0] as number[]) < 2e-6, text);
      }
    });
  }
});
