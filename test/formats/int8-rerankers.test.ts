import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Batch, toBatch } from '../../src/engine/protocol.ts';
import { PackedModel } from '../../src/formats/causal/load.ts';
import { planPackedBatch } from '../../src/formats/causal/plan.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import { formatOf } from '../../src/formats/formats.ts';
import { loadModel } from '../../src/formats/load-model.ts';
import type { LoadedModel } from '../../src/formats/model-format.ts';
import { FileHashes } from '../../src/model-files/file-hashes.ts';
import { resolveModel } from '../../src/model-files/resolve-model.ts';
import { cpuSettings } from '../support/cpu-settings.ts';
import { namesOfRerankers, referencePairs, rerankerFolders, starterPairs } from '../support/reranker-references.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** Root mean square of what int8 changes, to the standard deviation of the numbers; random weights of few columns lose much. */
const NEAR = 0.15;
const ROUNDS = 12;

const folders = namesOfRerankers().map((name) => ({
  location: { name, folder: path.join(rerankerFolders, name) },
  pairs: referencePairs(name),
}));
const starter = { location: resolveModel('starter-reranker'), pairs: starterPairs() };

for (const { location, pairs } of [...folders, starter]) {
  const manifest = await describeModel(location, { task: 'rerank' });
  const format = formatOf(manifest);
  if (format.weightKind !== 'safetensors') continue;

  describe(`${location.name} in int8`, () => {
    const sequences = pairs.map(({ ids }) => ids);
    let folder: string;
    let model: LoadedModel;
    before(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
      const options = { folders: () => [folder], files: new FileHashes(), onEvent: () => {} };
      const prepared = await format.prepare(manifest, new Set(['int8']), options);
      const settings = { ...cpuSettings, dtype: 'int8', maxTokens: manifest.maxTokens, maxBatchTokens: 4096 } as const;
      model = await loadModel(prepared, settings);
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** Without what a decoder keeps of earlier pairs. */
    const runAnew = (batch: Batch) => {
      if (!(model instanceof PackedModel)) return model.run(batch);
      return model.runPlan(planPackedBatch(batch.tokenIds, batch.offsets));
    };

    it('scores near to PyTorch in float32, and not as float32', async () => {
      const { rows } = await runAnew(toBatch(sequences));
      const differences = pairs.map(({ logit }, i) => (rows[i] as number) - logit);
      const mean = pairs.reduce((sum, { logit }) => sum + logit, 0) / pairs.length;
      const changed = Math.hypot(...differences) / Math.hypot(...pairs.map(({ logit }) => logit - mean));
      assert.ok(changed < NEAR && changed > 1e-4, `${changed}`);
    });

    it('gives a pair the same bits alone, among others, and where its beginning was kept', async () => {
      const alone: number[] = [];
      for (const ids of sequences) alone.push((await runAnew(toBatch([ids]))).rows[0] as number);
      const random = new SeededRandom(17);
      let saved = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const among = random.shuffled([...sequences.keys()]).slice(0, random.integer(1, 6));
        const batch = toBatch(among.map((i) => sequences[i] as number[]));
        const [found, anew] = [await model.run(batch), await runAnew(batch)];
        const expected = among.map((i) => alone[i]);
        assert.deepEqual([[...found.rows], [...anew.rows]], [expected, expected], `round ${round}`);
        saved += anew.computedTokens - found.computedTokens;
      }
      assert.equal(saved > 0, model instanceof PackedModel, `${saved} rows of what was kept`);
    });
  });
}
