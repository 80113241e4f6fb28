import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { createLogger } from '../../../src/log/logger.ts';
import { type OpenModel, openModel } from '../../../src/served-models/open-model.ts';
import type { EmbedInput } from '../../../src/tasks/embedding/embedder.ts';
import type { PipelineEmbedder } from '../../../src/tasks/embedding/pipeline-embedder.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { type ReferenceText, sentenceFolders } from '../../support/encoder-references.ts';
import { testConfig } from '../../support/running-service.ts';

/** Of a component, of vectors of length one. */
const TOLERANCE = 2e-6;
/** Of the length of a vector that the model does not normalize, as a part of it. */
const LENGTH_TOLERANCE = 1e-5;
/** What make.py sets. */
const LIMIT = 32;
const options = { dimensions: null, normalize: null, truncate: 'end', timeLimit: 60_000 } as const;

for (const { name, folder, texts } of sentenceFolders()) {
  describe(`The folder ${name}, as sentence-transformers wrote it`, () => {
    let model: OpenModel;
    let embedder: PipelineEmbedder;
    before(async () => {
      model = await openModel({
        config: testConfig({ model: folder, device: 'cpu' }),
        logger: createLogger('silent'),
        clock: systemClock,
        reports: () => ({ onEngineEvent: () => {} }),
      });
      assert.ok(model.task === 'embed');
      embedder = model.service;
      await model.start();
    });
    after(() => model?.engine.close());

    it('is computed by a graph of hotvec, up to the limit that it says', () => {
      assert.notEqual(model.manifest.format, 'onnx');
      assert.equal(embedder.model.maxInputTokens, LIMIT);
      assert.ok(texts.some(({ ids }) => ids.length === LIMIT));
    });

    it('reads the tokens that sentence-transformers reads', async () => {
      const readable = texts.filter(({ text }) => text !== '');
      const tokenized = await embedder.tokenize(readable.map(inputOf), 'end');
      for (const [i, { ids }] of tokenized.entries()) assert.deepEqual([...ids], readable[i]?.ids, readable[i]?.text);
    });

    /** Token ids take no prompt, and an empty text comes as ids. */
    const embeddable = () => texts.filter(({ text }) => text !== '' || embedder.model.defaultPrompt === '');

    it('gives the vectors of sentence-transformers, each text alone', async () => {
      for (const reference of embeddable()) {
        const { vectors } = await embedder.embed([inputOf(reference)], options);
        check(reference, vectors[0] as Float32Array);
      }
    });

    it('gives the same vectors for all in one request', async () => {
      const references = embeddable();
      const together = (await embedder.embed(references.map(inputOf), options)).vectors;
      for (const [i, reference] of references.entries()) {
        const alone = (await embedder.embed([inputOf(reference)], options)).vectors[0] as Float32Array;
        assert.equal(largestDifference(together[i] as Float32Array, alone), 0, reference.text);
      }
    });
  });
}

/** An empty text, which a request may not have, as its token ids, prompt included. */
function inputOf({ text, prompt, ids }: ReferenceText): EmbedInput {
  const input = { name: 'input', role: null, instruction: null };
  if (text === '') return { ...input, content: ids };
  return { ...input, content: text, ...(prompt === null ? {} : { promptName: prompt }) };
}

function check({ text, vector }: ReferenceText, given: Float32Array): void {
  const difference = largestDifference(normalized(given), normalized(vector));
  assert.ok(difference <= TOLERANCE, `${text}: ${difference}`);
  const [length, expected] = [Math.hypot(...given), Math.hypot(...vector)];
  assert.ok(
    Math.abs(length - expected) <= LENGTH_TOLERANCE * expected,
    `${text}: of length ${length}, not ${expected}`,
  );
}
