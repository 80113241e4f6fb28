import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rowAt, rowOffsetsOf, toBatch } from '../../../src/engine/protocol.ts';
import { describeModel } from '../../../src/formats/describe-model.ts';
import { loadModel } from '../../../src/formats/load-model.ts';
import type { LoadedModel } from '../../../src/formats/model-format.ts';
import { cpuSettings } from '../../support/cpu-settings.ts';
import { largestDifference, normalized } from '../../support/difference.ts';
import { type EncoderFixture, encoderFolders } from '../../support/encoder-references.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

// One family alone: node --test --test-name-pattern=mpnet dist/test/formats/encoder/architectures.test.js

/** Of a component, of rows of length one. */
const TOLERANCE = 2e-6;
const POOLINGS = ['cls', 'mean', 'max', 'last_token'] as const;
type PoolingOfReference = (typeof POOLINGS)[number];

for (const fixture of encoderFolders()) {
  for (const pooling of POOLINGS) describe(`${fixture.name}, ${pooling}`, () => comparePooling(fixture, pooling));
}

/** Says what a model must make of the sequences of its reference, together, alone and among any others. */
function comparePooling({ name, folder, reference }: EncoderFixture, pooling: PoolingOfReference): void {
  const sequences = reference.sequences.map(({ ids }) => ids);
  let loading: Promise<{ model: LoadedModel; width: number; alone: Float32Array[] }> | undefined;
  /** Not in a hook, which runs for tests that are skipped by name, too. `alone`: each sequence's row, computed alone. */
  async function load() {
    const manifest = await describeModel({ name, folder }, { pooling });
    const model = await loadModel(manifest, { ...cpuSettings, maxTokens: manifest.maxTokens });
    const alone: Float32Array[] = [];
    for (const ids of sequences) alone.push((await model.run(toBatch([ids]))).rows);
    return { model, width: manifest.hiddenSize, alone };
  }
  function loaded() {
    loading ??= load();
    return loading;
  }

  it('gives the rows of PyTorch', async () => {
    const { alone } = await loaded();
    for (const [i, expected] of reference.sequences.entries()) {
      const difference = largestDifference(normalized(alone[i] as Float32Array), normalized(expected[pooling]));
      assert.ok(difference <= TOLERANCE, `${expected.ids.length} tokens: ${difference}`);
    }
  });

  it('gives a sequence the same bits alone as among any others', async () => {
    const { model, width, alone } = await loaded();
    const random = new SeededRandom(1);
    const order = [...sequences.keys()];
    const batches = [order, order.toReversed()];
    for (let i = 0; i < 6; i++) batches.push(random.shuffled([...order, ...order]).slice(0, random.integer(2, 16)));
    for (const batch of batches) {
      const { rows } = await model.run(toBatch(batch.map((i) => sequences[i] as number[])));
      assert.equal(rows.length, batch.length * width);
      for (const [slot, i] of batch.entries()) {
        const row = rowAt(rows, slot, width);
        assert.ok(haveSameBits(row, alone[i] as Float32Array), `sequence ${i} in the batch ${batch}`);
      }
    }
  });

  it('gives the states of every token where they are asked for, and pooled rows beside them', async () => {
    const { model, width, alone } = await loaded();
    const { sequence, rows: expected } = reference.states;
    const ids = sequences[sequence] as number[];
    const states = (await model.run(toBatch([ids], [true]))).rows;
    for (const [position, state] of expected.entries()) {
      const given = normalized(rowAt(states, position, width));
      const difference = largestDifference(given, normalized(state));
      assert.ok(difference <= TOLERANCE, `token ${position}: ${difference}`);
    }
    const perToken = sequences.map((_, i) => i % 2 === sequence % 2);
    const batch = toBatch(sequences, perToken);
    const { rows } = await model.run(batch);
    const starts = rowOffsetsOf(batch);
    for (const i of sequences.keys()) {
      const own = rows.subarray((starts[i] as number) * width, (starts[i + 1] as number) * width);
      if (i === sequence) assert.ok(haveSameBits(own, states));
      else if (perToken[i]) assert.equal(own.length, (sequences[i] as number[]).length * width);
      else assert.ok(haveSameBits(own, alone[i] as Float32Array), `sequence ${i}`);
    }
  });
}

function haveSameBits(a: Float32Array, b: Float32Array): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}
