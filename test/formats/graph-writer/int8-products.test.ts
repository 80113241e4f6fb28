import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from '../../../src/engine/process/session-options.ts';
import { rowAt } from '../../../src/engine/protocol.ts';
import { int8Products } from '../../../src/formats/graph-writer/int8-products.ts';
import { ElementType, OnnxGraph } from '../../../src/formats/graph-writer/onnx-graph.ts';
import { folderOfAll } from '../../../src/formats/graph-writer/weights-folder.ts';
import { weightBits } from '../../../src/formats/own-graph/weight-bits.ts';
import type { Int8Matrix } from '../../../src/model-files/int8/scheme.ts';
import { int8Golden, int8Starter } from '../../support/int8.ts';
import { SeededRandom } from '../../support/seeded-random.ts';

/** What this processor multiplies exactly. */
const bits = await weightBits();
const { name, rows, expected, expected_with_outliers: expectedWithOutliers } = int8Golden[bits].product;
const COLUMNS = 256;
const CHANNELS = 512;

/** Multiplies rows with a matrix, in a graph that has nothing else. */
async function multiplier(matrix: Int8Matrix, splitsOutliers: boolean) {
  const [columns, channels] = matrix.values.shape as [number, number];
  const weightsFolder = folderOfAll([matrix.values.file]);
  const graph = new OnnxGraph('product');
  const x = graph.input('x', ElementType.float32, ['N', columns]);
  const addProduct = int8Products(graph, ({ file }) => path.relative(weightsFolder, file));
  const product = addProduct(x, { name, matrix, splitsOutliers });
  graph.node('Identity', [product], { outputs: [graph.output('y', ElementType.float32, ['N', channels])] });
  const settings = { device: 'cpu', deviceId: 0, threads: 2, prepacking: true } as const;
  const session = await InferenceSession.create(
    graph.serialize({ '': 21, 'com.microsoft': 1 }),
    sessionOptions(settings, { weightsFolder }),
  );
  return async (input: readonly (readonly number[])[]) => {
    const data = Float32Array.from(input.flat());
    const { y } = await session.run({ x: new Tensor('float32', data, [input.length, columns]) });
    return y?.data as Float32Array;
  };
}

for (const splitsOutliers of [false, true]) {
  describe(`int8Products(), ${splitsOutliers ? 'outliers taken apart' : 'every row alike'}`, () =>
    multiplies(splitsOutliers));
}

function multiplies(splitsOutliers: boolean) {
  let folder: string;
  let multiply: (rows: readonly (readonly number[])[]) => Promise<Float32Array>;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    const matrix = (await int8Starter(folder, bits)).int8?.[name];
    if (matrix === undefined) throw new Error(`${name} was not quantized`);
    multiply = await multiplier(matrix, splitsOutliers);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('gives what NumPy computes by the same scheme: small rows, an outlier, ties', async () => {
    const found = await multiply(rows);
    for (const [i, wanted] of (splitsOutliers ? expectedWithOutliers : expected).entries()) {
      const row = rowAt(found, i, CHANNELS);
      const largest = Math.max(...wanted.map(Math.abs));
      for (const [channel, value] of wanted.entries()) {
        // One integer off would be 1e-4 of the largest; what is left is the rounding of two multiplications.
        assert.ok(Math.abs((row[channel] as number) - value) <= 1e-6 * largest, `row ${i}, channel ${channel}`);
      }
    }
  });

  it('gives a row of zeros zeros', async () => {
    const zeros = new Array(COLUMNS).fill(0);
    assert.deepEqual(new Set(await multiply([zeros])), new Set([0]));
    const tiny = await multiply([zeros.map(() => 1e-38)]);
    assert.ok(tiny.every((value) => Number.isFinite(value) && Math.abs(value) < 1e-30));
  });

  it('gives a row the same bits alone as among any others', async () => {
    const random = new SeededRandom(3);
    const many = Array.from({ length: 70 }, (_, i) =>
      Array.from({ length: COLUMNS }, () => (random.next() - 0.5) * (i % 7 === 0 ? 1e4 : 1)),
    );
    const together = await multiply(many);
    for (const [i, row] of many.entries()) {
      assert.deepEqual(await multiply([row]), rowAt(together, i, CHANNELS).slice(), `row ${i}`);
    }
  });

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    it(`lets ${bad} in a row be seen in all of its products, and in no other row's`, async () => {
      for (const place of [0, 5, 17, 254, 255]) {
        const input = [rows[0] as number[], [...(rows[0] as number[])]];
        (input[1] as number[])[place] = bad;
        const found = await multiply(input);
        assert.ok(rowAt(found, 0, CHANNELS).every(Number.isFinite), `beside ${place}`);
        assert.ok(!rowAt(found, 1, CHANNELS).some(Number.isFinite), `at ${place}`);
      }
    });
  }
}

// Sums of squares have the same bits wherever a row is, or it would be an outlier in one batch and not in another.
for (const columns of [256, 254, 333, 335]) {
  it(`takes a row of ${columns} columns for an outlier alone or in any batch, be it on the very bound`, async (t) => {
    const channels = 16;
    const folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const random = new SeededRandom(columns);
    const file = path.join(folder, 'matrix');
    const integers = Int8Array.from({ length: columns * channels }, () => random.integer(-63, 63));
    const scales = new Float32Array(channels).fill(1);
    writeFileSync(file, Buffer.concat([Buffer.from(integers.buffer), Buffer.from(scales.buffer)]));
    const [offset, byteLength] = [integers.length, scales.byteLength];
    const matrix: Int8Matrix = {
      values: { file, dtype: 'I8', shape: [columns, channels], offset: 0, byteLength: offset },
      scales: { file, dtype: 'F32', shape: [channels], offset, byteLength },
    };
    const multiply = await multiplier(matrix, true);
    /** Its first value is 12 times its root mean square, or nearly so. */
    const onBound = (summed: number) => {
      const others = Array.from({ length: columns - 1 }, () => random.next() - 0.5);
      const squares = others.reduce((sum, value) => sum + value * value, 0);
      return [Math.sqrt((144 * squares) / (summed - 144)) * (1 + random.integer(-6, 6) * 3e-8), ...others];
    };
    const many = Array.from({ length: 400 }, (_, i) => onBound(i % 2 === 0 ? columns : 4 * Math.ceil(columns / 4)));
    const together = await multiply(many);
    for (const [i, row] of many.entries()) {
      assert.deepEqual(await multiply([row]), rowAt(together, i, channels).slice(), `row ${i}`);
    }
  });
}
