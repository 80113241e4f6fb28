import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { configOf, tensorsOf } from '../../../scripts/model-shapes.ts';
import { packed } from '../../../scripts/packed-weights.ts';
import { writeRandomWeights } from '../../../scripts/random-weights.ts';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { loadCausal, type PackedModel } from '../../../src/formats/causal/load.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { packageRoot } from '../../../src/package-info.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

const starter = path.join(packageRoot, 'models', 'starter');
const VOCABULARY = 12_000;
const HIDDEN = 32;
const LENGTHS = [1, 2, 5, 17, 40, 63, 64, 65, 66, 90, 127, 129, 200, 260, 300, 520];

/** A model of random weights, Qwen3 but for `changes` of its config. */
async function loadRandom(t: TestContext, changes: Record<string, unknown>): Promise<PackedModel> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const shape = {
    vocab_size: VOCABULARY,
    hidden_size: HIDDEN,
    intermediate_size: 48,
    num_hidden_layers: 3,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    head_dim: 16,
    max_position_embeddings: 4_096,
    ...changes,
  };
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    cpSync(path.join(starter, file), path.join(folder, file));
  }
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...configOf(shape, 'embed'), ...changes }));
  await writeRandomWeights(folder, tensorsOf(shape, 'embed'), 1);
  const manifest = await describeModel({ name: 'random', folder }, { pooling: 'last_token', task: 'embed' });
  return loadCausal({ pooling: 'last_token', weights: packed(manifest) }, { ...cpuSettings, maxTokens: 4_096 });
}

describe('PackedModel with heads of', () => {
  // Products sum components in pieces: of 128, or more where there are few columns.
  for (const [headDim, queryHeads, keyValueHeads] of [
    [16, 3, 3],
    [80, 4, 2],
    [128, 2, 1],
    [144, 3, 1],
    [256, 2, 2],
  ] as const) {
    it(`${headDim} components, ${queryHeads} of queries and ${keyValueHeads} of keys: the same bits alone and in any batch`, async (t) => {
      const heads = { num_attention_heads: queryHeads, num_key_value_heads: keyValueHeads, head_dim: headDim };
      const model = await loadRandom(t, heads);
      const random = new SeededRandom(headDim);
      const sequences = LENGTHS.map((length) => Array.from({ length }, () => random.integer(0, VOCABULARY - 1)));
      const alone: Float32Array[] = [];
      for (const ids of sequences) alone.push((await model.run(toBatch([ids]))).rows);
      for (let round = 0; round < 6; round++) {
        const batch = random.shuffled([...sequences.keys()]).slice(0, random.integer(2, LENGTHS.length));
        const { rows } = await model.run(toBatch(batch.map((i) => sequences[i] as number[])));
        for (const [slot, i] of batch.entries()) {
          const among = `${LENGTHS[i]} tokens among ${batch.map((other) => LENGTHS[other])}`;
          assert.deepEqual([...rowAt(rows, slot, HIDDEN)], [...(alone[i] as Float32Array)], among);
        }
      }
    });
  }
});

describe('PackedModel with a sliding window', () => {
  // Of a long text the last layer is attended in one way where one row is asked for, and in another where all are.
  for (const sliding_window of [100, 2_047, 2_048, 2_100]) {
    it(`of ${sliding_window} tokens: a long text sees it in the last layer, too`, async (t) => {
      const model = await loadRandom(t, { use_sliding_window: true, sliding_window, max_window_layers: 0 });
      const random = new SeededRandom(sliding_window);
      const ids = Array.from({ length: 2_400 }, () => random.integer(0, VOCABULARY - 1));
      const { rows } = await model.run(toBatch([ids], [true]));
      const { rows: last } = await model.run(toBatch([ids]));
      assert.ok(largestDifference(normalized(rowAt(rows, ids.length - 1, HIDDEN)), normalized(last)) < 1e-6);
    });
  }
});
