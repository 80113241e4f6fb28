import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Batch, toBatch } from '../../../src/engine/protocol.ts';
import { type DescribeSettings, describeModel } from '../../../src/formats/describe-model.ts';
import type { EncoderWeights } from '../../../src/formats/encoder/encoder-weights.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import type { LoadedModel } from '../../../src/formats/model-format.ts';
import { chooseFiles } from '../../../src/formats/recognize-model.ts';
import { LocalFiles } from '../../../src/model-files/folder/model-files.ts';
import type { ModelManifest } from '../../../src/model-files/manifest.ts';
import { checkScores } from '../../../src/tasks/reranking/check-scores.ts';
import { assertNames } from '../../support/assert-names.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { namesOfRerankers, referencePairs, rerankerFolders } from '../../support/reranker-references.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

// That scores are those of PyTorch is in test/served-models/reranker-scores.test.ts.

const NAMES = namesOfRerankers().filter((name) => name.endsWith('-weights'));

const weightsOf = ({ weights }: ModelManifest) => weights as EncoderWeights;
const describeFolder = (name: string) => describeModel({ name, folder: path.join(rerankerFolders, name) });

function load(manifest: ModelManifest): Promise<LoadedModel> {
  return loadModel(manifest, { ...cpuSettings, maxTokens: manifest.maxTokens, maxBatchTokens: 4096 });
}

describe('cross-encoders in safetensors', () => {
  it('are of every architecture that has a head', () => {
    const found = NAMES.map((name) => name.replace('-weights', ''));
    assert.deepEqual(found.sort(), [
      'bert',
      'distilbert',
      'modernbert',
      'modernbert-mean',
      'mpnet',
      'roberta',
      'xlm-roberta',
    ]);
  });

  for (const name of NAMES) {
    it(`give bit for bit the same score alone and in any batch: ${name}`, async () => {
      const model = await load(await describeFolder(name));
      const pairs = referencePairs(name).map(({ ids }) => ids);
      const alone: number[] = [];
      for (const ids of pairs) alone.push((await model.run(toBatch([ids]))).rows[0] as number);
      assert.equal(new Set(alone).size, new Set(pairs.map((ids) => ids.join())).size);
      const random = new SeededRandom(3);
      for (let round = 0; round < 8; round++) {
        const batch = random.shuffled([...pairs.keys()]).slice(0, random.integer(2, pairs.length));
        const { rows } = await model.run(toBatch(batch.map((i) => pairs[i] as number[])));
        assert.deepEqual(
          [...rows],
          batch.map((i) => alone[i]),
        );
      }
    });
  }

  it('pass the check of themselves, in which two texts are joined as the tokenizer does it', async () => {
    for (const name of NAMES) {
      const manifest = await describeFolder(name);
      const separators = /roberta|mpnet/.test(name) ? [2, 2] : [3];
      assert.deepEqual(manifest.selfCheck.betweenTexts, separators, name);
      const model = await load(manifest);
      const run = (batch: Batch) => model.run(batch);
      const { difference } = await checkScores.pass(run, manifest, { device: 'cpu', dtype: 'fp32' });
      assert.equal(difference, 0, name);
    }
  });

  it('are told which text a token is of, where the architecture asks', async () => {
    const manifest = await describeFolder('bert-weights');
    assert.deepEqual(weightsOf(manifest).tokenTypes, { afterToken: 3, occurrence: 1 });
    const pairs = referencePairs('bert-weights').map(({ ids }) => ids);
    const { rows } = await (await load(manifest)).run(toBatch(pairs));
    const untyped = { ...manifest, weights: { ...weightsOf(manifest), tokenTypes: null } };
    const others = (await (await load(untyped)).run(toBatch(pairs))).rows;
    assert.ok(rows.every((row, i) => Math.abs(row - (others[i] as number)) > 1e-4));
    // Its tokenizer has token types, too.
    assert.equal(weightsOf(await describeFolder('distilbert-weights')).tokenTypes, null);
  });
});

describe('a cross-encoder in safetensors', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-cross-encoder-'));
    cpSync(path.join(rerankerFolders, 'bert-weights'), folder, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const edit = (name: string, changes: object) => {
    const file = path.join(folder, name);
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes }));
  };
  const refused = async (names: readonly string[], settings: Partial<DescribeSettings> = {}) => {
    await assert.rejects(describeModel({ name: 'other', folder }, settings), (error: Error) => {
      assert.equal(error.name, 'StartError', error.message);
      assertNames(error.message, ...names);
      return true;
    });
  };

  it('needs its weights, and no export', async () => {
    const choice = { dtype: 'auto', weights: 'auto' } as const;
    const { chosen } = await chooseFiles(new LocalFiles({ name: 'other', folder }), choice);
    assert.ok(chosen.includes('model.safetensors') && !chosen.some((file) => file.includes('onnx')), `${chosen}`);
  });

  it('is refused with a head of several numbers, or none', async () => {
    edit('config.json', { id2label: { 0: 'a', 1: 'b', 2: 'c' } });
    await refused(['3 labels', 'id2label']);
    edit('config.json', { architectures: ['BertModel'], id2label: { 0: 'a' } });
    await refused(['config.json', 'architectures', 'BertModel', 'ForSequenceClassification']);
  });

  it('is refused with modules after the transformer', async () => {
    const modules = ['Transformer', 'Dense'].map((kind, idx) => ({
      idx,
      name: `${idx}`,
      path: idx === 0 ? '' : `${idx}_${kind}`,
      type: `sentence_transformers.models.${kind}`,
    }));
    writeFileSync(path.join(folder, 'modules.json'), JSON.stringify(modules));
    await refused(['modules.json', 'Transformer, Dense', 'Transformer alone']);
  });

  it('is refused where its tokenizer gives token types that it has no embeddings for', async () => {
    edit('config.json', { type_vocab_size: 1 });
    await refused(['config.json', 'type_vocab_size']);
  });

  it('is refused where nothing stands between two texts', async () => {
    edit('tokenizer.json', { post_processor: null });
    edit('tokenizer_config.json', { tokenizer_class: 'PreTrainedTokenizerFast' });
    await refused(['tokenizer.json', 'nothing between two texts']);
  });
});
