import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { locateTensorsOf, type TensorLocation } from '../../../src/model-files/folder/safetensors.ts';
import type { MatrixChoice, Tensors } from '../../../src/model-files/int8/scheme.ts';
import { writeInt8File } from '../../../src/model-files/int8/write-int8-file.ts';
import { SeededRandom } from '../../support/seeded-random.ts';
import { type StoredTensor, writeSafetensors } from '../../support/write-safetensors.ts';

/** Several reads of a matrix, whose last has fewer rows; several tiles, whose last has fewer columns. */
const [ROWS, COLUMNS] = [1_501, 611];
const everyMatrix: MatrixChoice = {
  scheme: 'of a test',
  bits: 7,
  isLayerMatrix: () => true,
  isQuantizable: () => true,
  largestError: 0.04,
};

let folder: string;
let source: string;
let made: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
  source = path.join(folder, 'model.safetensors');
  made = path.join(folder, 'int8.safetensors');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Weights between -1 and 1 that each of the types has, and each row of another size; some rows are zeros. */
function weightsOf(random: SeededRandom, rows: number): Float32Array {
  return Float32Array.from({ length: rows * COLUMNS }, (_, i) => {
    const row = Math.floor(i / COLUMNS);
    return row % 100 === 7 ? 0 : (random.integer(-127, 127) / 128) * 2 ** -(row % 6);
  });
}

/** Of numbers with at most 8 significant bits: exact. */
function stored(weights: Float32Array, dtype: string): Buffer {
  if (dtype === 'F32') return Buffer.from(weights.slice().buffer);
  const words = new Uint32Array(weights.slice().buffer);
  const halves = Uint16Array.from(words, (word) => {
    if (dtype === 'BF16') return word >>> 16;
    const exponent = (word >>> 23) & 0xff;
    return exponent === 0 ? 0 : ((word >>> 16) & 0x8000) | ((exponent - 112) << 10) | ((word >>> 13) & 0x3ff);
  });
  return Buffer.from(halves.buffer);
}

/** Half to even. */
function roundEven(value: number): number {
  const floor = Math.floor(value);
  const part = value - floor;
  if (part !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

async function write(tensors: Record<string, { dtype: string; weights: Float32Array }>) {
  const entries = Object.entries(tensors).map(([name, { dtype, weights }]) => {
    return [name, { dtype, shape: [weights.length / COLUMNS, COLUMNS], bytes: stored(weights, dtype) }] as [
      string,
      StoredTensor,
    ];
  });
  writeSafetensors(source, Object.fromEntries(entries));
  const located: Tensors = await locateTensorsOf(source, ['F32', 'F16', 'BF16']);
  const parts: number[] = [];
  const sha256 = await writeInt8File(located, made, everyMatrix, (part) => parts.push(part));
  assert.equal(sha256, createHash('sha256').update(readFileSync(made)).digest('hex'));
  assert.equal(parts.at(-1), 1);
  assert.deepEqual(
    parts,
    parts.toSorted((a, b) => a - b),
  );
  const found = await locateTensorsOf(made, ['I8', 'F32']);
  const bytes = readFileSync(made);
  const bytesOf = ({ offset, byteLength }: TensorLocation<'I8' | 'F32'>) => bytes.subarray(offset, offset + byteLength);
  return { found, bytesOf };
}

describe('writeInt8File()', () => {
  for (const dtype of ['F32', 'BF16', 'F16']) {
    it(`gives each row of a large matrix its scale, and every weight the nearest integer: ${dtype}`, async () => {
      const weights = weightsOf(new SeededRandom(1), ROWS);
      const { found, bytesOf } = await write({ matrix: { dtype, weights } });
      const values = new Int8Array(bytesOf(found.matrix as TensorLocation<'I8'>));
      const scales = bytesOf(found.matrix_scale as TensorLocation<'F32'>);
      const wanted = new Int8Array(values.length);
      for (let row = 0; row < ROWS; row++) {
        const cells = weights.subarray(row * COLUMNS, (row + 1) * COLUMNS);
        const scale = Math.fround(cells.reduce((most, cell) => Math.max(most, Math.abs(cell)), 0) / 63);
        assert.equal(scales.readFloatLE(4 * row), scale);
        for (const [column, cell] of cells.entries()) {
          wanted[column * ROWS + row] = scale === 0 ? 0 : roundEven(cell / scale);
        }
      }
      assert.deepEqual(values, wanted);
    });
  }

  it('writes matrices in the order of their names, whichever thread is done first', async () => {
    const random = new SeededRandom(2);
    const of = (rows: number) => ({ dtype: 'F32', weights: weightsOf(random, rows) });
    const { found } = await write({ c: of(1), a: of(900), e: of(2), b: of(3), d: of(700) });
    const places = Object.entries(found).sort(([, one], [, other]) => one.offset - other.offset);
    assert.deepEqual(
      places.map(([name]) => name),
      ['a', 'b', 'c', 'd', 'e', 'a_scale', 'b_scale', 'c_scale', 'd_scale', 'e_scale'],
    );
  });

  it('leaves out a matrix that would lose too much, and names the hash of the file without it', async () => {
    const spoiled = weightsOf(new SeededRandom(3), 10).map((weight, i) => (i % COLUMNS === 0 ? 100 : weight));
    const { found } = await write({
      a: { dtype: 'F32', weights: weightsOf(new SeededRandom(4), 10) },
      b: { dtype: 'F32', weights: spoiled },
    });
    assert.deepEqual(Object.keys(found), ['a', 'a_scale']);
  });

  it('refuses weights that end too early, or are gone', async () => {
    writeSafetensors(source, { matrix: { dtype: 'F32', shape: [ROWS, COLUMNS], bytes: 4 * ROWS * COLUMNS } });
    const located: Tensors = await locateTensorsOf(source, ['F32']);
    truncateSync(source, 3 * ROWS * COLUMNS);
    await assert.rejects(
      writeInt8File(located, made, everyMatrix, () => {}),
      { name: 'StartError', message: /model\.safetensors ends in the middle of matrix\. Download it again\.$/ },
    );
    rmSync(source);
    rmSync(made);
    await assert.rejects(
      writeInt8File(located, made, everyMatrix, () => {}),
      { name: 'StartError', message: /^matrix of .* cannot be read \(ENOENT.*\)\. Download it again\.$/ },
    );
  });
});
