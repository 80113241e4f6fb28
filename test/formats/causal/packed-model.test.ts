import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../../../src/engine/process/session-options.ts';
import { rowAt, toBatch } from '../../../src/engine/protocol.ts';
import { EMBEDDING_TABLE, writeCausalGraph } from '../../../src/formats/causal/causal-graph.ts';
import { decoderChoice } from '../../../src/formats/causal/causal-weights.ts';
import { loadCausal, PackedModel } from '../../../src/formats/causal/load.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { writeEmbeddingLookup } from '../../../src/formats/graph-writer/embedding-lookup.ts';
import { weightBits } from '../../../src/formats/own-graph/weight-bits.ts';
import { FileHashes } from '../../../src/model-files/file-hashes.ts';
import type { TensorLocation } from '../../../src/model-files/folder/safetensors.ts';
import { prepareInt8 } from '../../../src/model-files/int8/prepare-int8.ts';
import type { WeightBits } from '../../../src/model-files/int8/scheme.ts';
import { cosine } from '../../../src/tasks/embedding/cosine.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { int8Golden, int8Starter } from '../../support/int8.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { fixtures, golden, packed, starterManifest } from '../../support/starter.ts';

describe('PackedModel with the starter', () => {
  let model: PackedModel;
  before(async () => {
    model = await loadCausal(await starterManifest(), { ...cpuSettings, maxTokens: 8192 });
  });

  it('gives the vectors of PyTorch, all texts in one batch', async () => {
    const { rows, computedTokens } = await model.run(toBatch(golden.texts.map(({ ids }) => ids)));
    for (const [i, { vector, text }] of golden.texts.entries()) {
      assert.ok(largestDifference(normalized(rowAt(rows, i, 256)), vector) < 2e-6, text);
    }
    assert.ok(computedTokens <= golden.texts.reduce((sum, { ids }) => sum + ids.length, 0));
  });

  it('gives a text the same bits alone as in a batch of any neighbors', async () => {
    const { rows } = await model.run(toBatch(golden.texts.map(({ ids }) => ids)));
    for (const [i, { ids, text }] of golden.texts.entries()) {
      const alone = (await model.run(toBatch([ids]))).rows;
      assert.equal(largestDifference(alone, rowAt(rows, i, 256)), 0, text);
    }
  });
});

describe('PackedModel and the lengths of texts', () => {
  const VOCABULARY = 12_000;
  const idsOf = (random: SeededRandom, length: number) =>
    Array.from({ length }, () => random.integer(0, VOCABULARY - 1));

  /** Where queries are cut, where longer sequences begin, one more and one less. */
  const lengths = [
    1, 2, 3, 31, 33, 63, 64, 65, 127, 128, 129, 255, 257, 400, 513, 769, 1025, 1537, 2047, 2048, 2049, 2300,
  ];

  it('gives a sequence the same bits alone and in batches of mixed lengths, and with beginnings shared', async () => {
    const model = await loadCausal(await starterManifest(), { ...cpuSettings, maxTokens: 8192 });
    const random = new SeededRandom(11);
    const longest = idsOf(random, 2_300);
    // Some begin alike: at a cut, within a block, and beginnings of each other.
    const beginning = (length: number) =>
      longest.slice(0, [0, 1, 19, 64, 100, length - 1, length][random.integer(0, 6)]);
    const sequences = lengths.map((length) => {
      const shared = beginning(length).slice(0, length);
      return [...shared, ...idsOf(random, length - shared.length)];
    });
    const alone: Float32Array[] = [];
    for (const ids of sequences) alone.push((await model.run(toBatch([ids]))).rows);
    for (let round = 0; round < 3; round++) {
      let left = random.shuffled([...sequences.keys()]);
      while (left.length > 0) {
        const batch = left.slice(0, random.integer(2, 9));
        left = left.slice(batch.length);
        const { rows } = await model.run(toBatch(batch.map((i) => sequences[i] as number[])));
        for (const [slot, i] of batch.entries()) {
          const among = `${lengths[i]} tokens among ${batch.map((other) => lengths[other])}`;
          assert.deepEqual([...rowAt(rows, slot, 256)], [...(alone[i] as Float32Array)], among);
        }
      }
    }
  });

  it('gives a sequence the same bits beside one whose tokens are all asked for, and where its own are', async () => {
    const model = await loadCausal(await starterManifest(), { ...cpuSettings, maxTokens: 8192 });
    const random = new SeededRandom(13);
    const sequences = [1, 2, 40, 64, 65, 130, 2_100].map((length) => idsOf(random, length));
    for (const asked of sequences) {
      const alone = (await model.run(toBatch([asked]))).rows;
      const { rows: ofTokens } = await model.run(toBatch([asked], [true]));
      // The last layer of a long one is attended otherwise where all of its rows are asked for.
      const difference = largestDifference(rowAt(ofTokens, asked.length - 1, 256), alone);
      assert.ok(difference <= (asked.length > 2_048 ? 2e-6 : 0), `${asked.length} tokens: ${difference}`);
      const other = idsOf(random, 50);
      const { rows } = await model.run(toBatch([other, asked, asked], [false, true, false]));
      assert.deepEqual([...rowAt(rows, 0, 256)], [...(await model.run(toBatch([other]))).rows]);
      assert.deepEqual([...rowAt(rows, 1 + asked.length, 256)], [...alone], `${asked.length} tokens, beside`);
    }
  });

  it('gives a long sequence what a short one would have, within rounding, whichever way it is attended', async () => {
    const manifest = await starterManifest();
    const model = await loadCausal(manifest, { ...cpuSettings, maxTokens: 8192 });
    const ids = idsOf(new SeededRandom(12), 2_100);
    const perToken = toBatch([ids], [true]);
    const { rows } = await model.run(perToken);
    const { rows: short } = await model.run(toBatch([ids.slice(0, 2_048)]));
    const row = rowAt(rows, 2_047, 256);
    assert.ok(largestDifference(normalized(row), normalized(short)) < 1e-6);
  });
});

describe('PackedModel in half precision', () => {
  it('is within 0.999 of PyTorch in fp16, on the CPU, where ONNX Runtime puts casts around its own kernels', async () => {
    const weights = packed(await starterManifest());
    const model = await loadCausal(
      { pooling: 'last_token', weights },
      { ...cpuSettings, dtype: 'fp16', maxTokens: 8192 },
    );
    const { rows } = await model.run(toBatch(golden.texts.map(({ ids }) => ids)));
    for (const [i, { vector, text }] of golden.texts.entries()) {
      const row = rowAt(rows, i, 256);
      assert.ok(cosine(row, vector) >= 0.999, text);
      // If it were computed in float32 anyway, this would prove nothing.
      if (text.length > 20) assert.ok(largestDifference(normalized(row), vector) > 1e-6, text);
    }
  });

  it('is a graph that ONNX Runtime accepts in bf16, and has no CPU kernels for', async () => {
    const weights = packed(await starterManifest());
    await assert.rejects(
      loadCausal({ pooling: 'last_token', weights }, { ...cpuSettings, dtype: 'bf16', maxTokens: 8192 }),
      // Types and shapes are checked before kernels are looked for: whatever else were wrong would be said first.
      /Could not find an implementation for Gemm/,
    );
  });

  it('refuses a precision that the graph is not written in', async () => {
    const weights = packed(await starterManifest());
    const loading = loadCausal({ pooling: 'last_token', weights }, { ...cpuSettings, dtype: 'q4', maxTokens: 8192 });
    await assert.rejects(loading, /run in fp32, bf16, fp16, int8, not in q4/);
  });
});

/** Activations that differ in the last bit round to another integer here and there: of most texts nowhere. */
function assertMostly(differences: readonly number[], bound: number) {
  const beyond = differences.filter((difference) => !(difference < bound));
  assert.ok(beyond.length <= differences.length / 4, `${differences}`);
  assert.ok(
    beyond.every((difference) => difference < 5e-4),
    `${differences}`,
  );
}

/** What this processor multiplies exactly, and what every one does. */
const bitsOfWeights = new Set([await weightBits(), 7 as const]);

for (const bits of bitsOfWeights) describe(`PackedModel in int8, weights of ${bits} bits`, () => int8Model(bits));

function int8Model(bits: WeightBits) {
  const { texts } = int8Golden[bits];
  let folder: string;
  let model: PackedModel;
  before(async () => {
    // Another folder than the model's, as the cache has it.
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    model = await loadCausal(
      { pooling: 'last_token', weights: await int8Starter(folder, bits) },
      { ...cpuSettings, dtype: 'int8', maxTokens: 8192 },
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('gives the vectors of the same scheme in PyTorch', async () => {
    const { rows } = await model.run(toBatch(texts.map(({ ids }) => ids)));
    const differences = texts.map(({ vector }, i) => largestDifference(normalized(rowAt(rows, i, 256)), vector));
    assertMostly(differences, 1e-6);
  });

  it('is near to fp32, and is not fp32', async () => {
    const { rows } = await model.run(toBatch(golden.texts.map(({ ids }) => ids)));
    for (const [i, { vector, text }] of golden.texts.entries()) {
      const row = rowAt(rows, i, 256);
      assert.ok(cosine(row, vector) >= 0.9999, text);
      assert.ok(largestDifference(normalized(row), vector) > 1e-4, text);
    }
  });

  it('gives a text the same bits alone as in a batch of any neighbors', async () => {
    const { rows } = await model.run(toBatch(golden.texts.map(({ ids }) => ids)));
    for (const [i, { ids, text }] of golden.texts.entries()) {
      assert.equal(largestDifference((await model.run(toBatch([ids]))).rows, rowAt(rows, i, 256)), 0, text);
    }
  });

  it('gives the same without prepacking', async () => {
    const weights = await int8Starter(folder, bits);
    const plain = { ...cpuSettings, dtype: 'int8', maxTokens: 8192, prepacking: false } as const;
    const batch = toBatch(golden.texts.slice(0, 8).map(({ ids }) => ids));
    const other = await (await loadCausal({ pooling: 'last_token', weights }, plain)).run(batch);
    const { rows } = await model.run(batch);
    const differences = Array.from({ length: 8 }, (_, i) =>
      largestDifference(rowAt(other.rows, i, 256), rowAt(rows, i, 256)),
    );
    assertMostly(differences, 1e-5);
  });

  it('refuses weights that were not quantized', async () => {
    const weights = packed(await starterManifest());
    const loading = loadCausal({ pooling: 'last_token', weights }, { ...cpuSettings, dtype: 'int8', maxTokens: 8192 });
    await assert.rejects(loading, { name: 'StartError', message: 'The weights were not quantized to int8.' });
  });

  for (const name of ['sharded-f32', 'f16-mha-untied', 'bf16-deep']) {
    it(`is near to PyTorch in float32 in other shapes: ${name}`, async () => {
      const manifest = await describeModel({ name, folder: path.join(fixtures, 'qwen3-variants', name) });
      const { sequences } = JSON.parse(readFileSync(path.join(manifest.folder, 'golden.json'), 'utf8')) as {
        sequences: { ids: number[]; row: number[] }[];
      };
      const options = { choice: decoderChoice(bits), folders: [folder], files: new FileHashes(), onEvent: () => {} };
      const int8 = await prepareInt8(packed(manifest).tensors, options);
      const weights = { ...packed(manifest), int8 };
      const variant = await loadCausal(
        { pooling: 'last_token', weights },
        { ...cpuSettings, dtype: 'int8', maxTokens: 512 },
      );
      const { rows } = await variant.run(toBatch(sequences.map(({ ids }) => ids)));
      for (const [i, { row }] of sequences.entries()) {
        assert.ok(cosine(rowAt(rows, i, manifest.hiddenSize), row) >= 0.99, `sequence ${i}`);
      }
    });
  }
}

describe('the graph for WebGPU', () => {
  it('gives the vectors of PyTorch on the CPU too: embeddings fed, plain attention', async () => {
    const weights = packed(await starterManifest());
    const folder = path.dirname(weights.tensors['norm.weight']?.file as string);
    const fileName = ({ file }: { file: string }) => path.basename(file);
    const graph = writeCausalGraph(weights, {
      positions: 4096,
      fileName,
      dtype: 'fp32',
      attention: 'plain',
      feedEmbeddings: true,
    });
    const options = sessionOptions({ ...cpuSettings, device: 'cpu' }, { weightsFolder: folder });
    const session = await InferenceSession.create(graph, options);
    const lookup = await InferenceSession.create(
      writeEmbeddingLookup(weights.tensors[EMBEDDING_TABLE] as TensorLocation, fileName),
      options,
    );
    const texts = golden.texts.filter(({ ids }) => ids.length < 600);
    const model = new PackedModel({
      session,
      lookup,
      manifest: { pooling: 'last_token', weights },
      inBlocks: false,
      prefixes: undefined,
      finish: async (rows) => rows,
    });
    const { rows } = await model.run(toBatch(texts.map(({ ids }) => ids)));
    for (const [i, { vector, text }] of texts.entries()) {
      const row = rowAt(rows, i, 256);
      assert.ok(largestDifference(normalized(row), vector) < 2e-6, text);
    }
  });
});

describe('PackedModel with other shapes of the architecture', () => {
  for (const name of ['sharded-f32', 'f16-mha-untied', 'bf16-deep']) {
    it(`gives the rows of PyTorch: ${name}`, async () => {
      const folder = path.join(fixtures, 'qwen3-variants', name);
      const { sequences } = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as {
        sequences: { ids: number[]; row: number[] }[];
      };
      const manifest = await describeModel({ name, folder });
      const model = await loadCausal(
        { pooling: 'last_token', weights: packed(manifest) },
        { ...cpuSettings, maxTokens: 512 },
      );
      const { rows } = await model.run(toBatch(sequences.map(({ ids }) => ids)));
      for (const [i, { row }] of sequences.entries()) {
        // Rows reach 4.4 and are not normalized; float32 itself is 4e-6 from float64 here (see make.py).
        assert.ok(largestDifference(rowAt(rows, i, manifest.hiddenSize), row) < 2e-5, `sequence ${i}`);
      }
    });
  }
});
