import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type EngineSettings, rowAt, toBatch } from '../../src/engine/protocol.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import { FORMATS, type FormatName } from '../../src/formats/formats.ts';
import { loadModel } from '../../src/formats/load-model.ts';
import type { FolderFacts, ModelFormat } from '../../src/formats/model-format.ts';
import { chooseFiles } from '../../src/formats/recognize-model.ts';
import { FileHashes } from '../../src/model-files/file-hashes.ts';
import { LocalFiles, type ModelFiles } from '../../src/model-files/folder/model-files.ts';
import { readModelKind } from '../../src/model-files/folder/model-kind.ts';
import type { Json } from '../../src/model-files/folder/read-json.ts';
import { DTYPES, type Dtype, type ModelManifest } from '../../src/model-files/manifest.ts';
import { packageRoot } from '../../src/package-info.ts';
import { largestDifference } from '../support/difference.ts';
import { paddedFixtures } from '../support/padded-fixtures.ts';
import { rerankerFolders } from '../support/reranker-references.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { fixtures } from '../support/starter.ts';
import { staticFixtures } from '../support/static-fixtures.ts';
import { realEngineEntry, superviseEngine } from '../support/supervised-engine.ts';

/** Folders of each format. One that is added to the list wants some here: the compiler says so. */
const SAMPLES: Record<FormatName, string[]> = {
  causal: [
    path.join(packageRoot, 'models', 'starter'),
    path.join(fixtures, 'qwen3-variants', 'sharded-f32'),
    ...['logit-score', 'seqcls'].map((name) => path.join(rerankerFolders, name)),
  ],
  encoder: [],
  static: ['sentence-transformers', 'model2vec', 'model2vec-quantized'].map((name) => path.join(staticFixtures, name)),
  onnx: [
    ...['bert-mean', 'bert-cls-dense', 'bert-pooled', 'qwen3-decoder'].map((name) => path.join(paddedFixtures, name)),
    ...['bert-identity', 'bert-saved', 'xlm-roberta'].map((name) => path.join(rerankerFolders, name)),
  ],
};
const SEQUENCES = [[5, 6, 7, 8, 9, 10, 11], [12], [5, 6, 7, 13], Array.from({ length: 40 }, (_, i) => 3 + (i % 17))];
/** Float32 sums in another order. */
const NEIGHBORS = 2e-5;

const nameOf = (folder: string) => path.basename(folder);
const ANY = { weights: 'auto', dtype: 'auto' } as const;
/** What any format reads first. */
async function factsOf(folder: string): Promise<FolderFacts> {
  const files = new LocalFiles({ name: 'facts', folder });
  return { config: ((await files.readJson('config.json')) ?? {}) as Json, ...(await readModelKind(files)) };
}
const namesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll(path.sep, '/'));

/** The folder as a hub shows it: names, and files once they are fetched. */
function listingOf(folder: string): ModelFiles & { fetched: Set<string> } {
  const names = new Set(namesIn(folder));
  const local = new LocalFiles({ name: nameOf(folder), folder });
  const fetched = new Set<string>();
  return {
    name: local.name,
    fetched,
    has: (file) => names.has(file),
    list: () => names,
    readJson: (file) => local.readJson(file),
    locate(file) {
      fetched.add(file);
      return local.locate(file);
    },
  };
}

function settingsFor(dtype: Dtype): EngineSettings {
  const limits = { maxTokens: 48, maxBatchTokens: 256 };
  return { device: 'cpu', deviceId: 0, dtype, threads: 1, ...limits, prepacking: true, mustBeatCpu: false };
}

for (const [name, folders] of Object.entries(SAMPLES)) {
  const format: ModelFormat = FORMATS[name as FormatName];
  const others = Object.entries(SAMPLES).flatMap(([other, theirs]) => (other === name ? [] : theirs));

  describe(`the contract of ModelFormat: ${name}`, () => {
    it('has the name that it is listed under', () => assert.equal(format.name, name));

    for (const folder of others) {
      it(`refuses ${nameOf(folder)}, saying why where it is of its kind`, async () => {
        const files = new LocalFiles({ name: 'other', folder });
        const answer = await format.recognize(files, await factsOf(folder));
        assert.ok(!answer.isOwn);
        if (answer.reason !== null) assert.match(answer.reason, /^[A-Zc].*\.$/);
      });
    }
  });

  for (const folder of folders) {
    describe(`the contract of ModelFormat: ${name}, with ${nameOf(folder)}`, () => {
      let manifest: ModelManifest;
      let cache: string;
      /** The manifest with all that an engine in that precision needs. */
      const prepared = (dtype: Dtype) =>
        format.prepare(manifest, new Set([dtype]), {
          folders: () => [cache],
          files: new FileHashes(),
          onEvent: () => {},
        });
      before(async () => {
        cache = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
        manifest = await describeModel({ name: nameOf(folder), folder });
      });
      after(() => rmSync(cache, { recursive: true }));

      it('recognizes the folder, and a listing of it the same way', async () => {
        const facts = await factsOf(folder);
        const local = await format.recognize(new LocalFiles({ name: 'local', folder }), facts);
        assert.ok(local.isOwn && local.dtypes.length > 0);
        assert.deepEqual(await format.recognize(listingOf(folder), facts), local);
      });

      it('is described as plain data', () => {
        assert.equal(manifest.format, name);
        assert.deepEqual(structuredClone(manifest), manifest);
        assert.ok(manifest.cost.perRow > 0 && manifest.cost.perSlotAndPosition >= 0);
        assert.ok(manifest.hiddenSize > 0 && manifest.vocabularySize > 0 && manifest.maxTokens > 0);
      });

      it('chooses from a listing what description and engine read, and no more', async () => {
        const listing = listingOf(folder);
        const { chosen } = await chooseFiles(listing, ANY);
        const downloaded = { name: nameOf(folder), folder, files: new Set(chosen) };
        const described = await describeModel(downloaded);
        const engineFiles = format
          .engineFiles(described)
          .map((file) => path.relative(realpathSync(folder), realpathSync(file)));
        const weights = chosen.filter((file) => !/\.(json|jinja)$/.test(file));
        assert.deepEqual([...new Set(engineFiles)].sort(), weights.sort());
        // Nothing large is fetched to make the choice: a graph says of itself where its weights are.
        assert.deepEqual(
          [...listing.fetched].filter((file) => !file.endsWith('.onnx')),
          [],
        );
        for (const file of format.weightFiles(described, format.dtypes(described, 'cpu')[0] as Dtype)) {
          assert.ok(existsSync(file) && format.engineFiles(described).includes(file), file);
        }
        // A file that turns out to be missing is an error and is not skipped.
        for (const file of weights) {
          const files = new Set(chosen.filter((one) => one !== file));
          await assert.rejects(describeModel({ ...downloaded, files }), { name: 'StartError' }, file);
        }
      });

      it('loads in the precisions that it lists, and refuses others by name', async () => {
        const offered = format.dtypes(manifest, 'cpu');
        for (const dtype of offered) {
          const model = await loadModel(await prepared(dtype), settingsFor(dtype));
          const { rows } = await model.run(toBatch(SEQUENCES));
          assert.equal(rows.length, SEQUENCES.length * manifest.hiddenSize, dtype);
          assert.ok(rows.every(Number.isFinite), dtype);
        }
        const anywhere = new Set((['cpu', 'cuda', 'webgpu'] as const).flatMap((one) => format.dtypes(manifest, one)));
        for (const dtype of DTYPES.filter((one) => !anywhere.has(one))) {
          const loading = loadModel(manifest, settingsFor(dtype));
          await assert.rejects(loading, { name: 'StartError', message: new RegExp(`in ${dtype}\\b`) }, dtype);
        }
      });

      it('lets no batch pass that computes more than its budget, and each sequence that fits it alone', async () => {
        const dtype = format.dtypes(manifest, 'cpu')[0] as Dtype;
        const model = await loadModel(await prepared(dtype), settingsFor(dtype));
        const random = new SeededRandom(11);
        for (const budget of [48, 128, 256]) {
          const whole = format.meter(manifest, dtype, budget);
          assert.ok(whole.fits(new Int32Array(budget)) && !whole.fits(new Int32Array(budget + 1)));
          const meter = format.meter(manifest, dtype, budget);
          const batch: Int32Array[] = [];
          for (let tries = 0; tries < 200; tries++) {
            const length = 1 + Math.floor(40 * random.next());
            const sequence = Int32Array.from({ length }, (_, i) => 3 + ((i * (tries % 3)) % 20));
            if (!meter.fits(sequence)) continue;
            meter.add(sequence);
            batch.push(sequence);
          }
          assert.ok(batch.length > 1);
          const { computedTokens } = await model.run(toBatch(batch));
          assert.ok(computedTokens <= budget, `${computedTokens} of ${budget}`);
        }
      });

      it('gives rows of rowSize in an engine process, the same alone and in a batch', async () => {
        const dtype = format.dtypes(manifest, 'cpu')[0] as Dtype;
        const { engine } = await superviseEngine(realEngineEntry, { manifest, settings: settingsFor(dtype) });
        try {
          await engine.start();
          const { rows } = await engine.run(toBatch(SEQUENCES));
          assert.equal(rows.length, SEQUENCES.length * manifest.hiddenSize);
          for (const [i, sequence] of SEQUENCES.entries()) {
            const alone = (await engine.run(toBatch([sequence]))).rows;
            // A score may be nothing.
            const scale = Math.max(Math.hypot(...alone), manifest.task === 'rerank' ? 1 : 0);
            assert.ok(
              largestDifference(rowAt(rows, i, manifest.hiddenSize), alone) <= NEIGHBORS * scale,
              `sequence ${i}`,
            );
          }
        } finally {
          await engine.close();
        }
      });
    });
  }
}
