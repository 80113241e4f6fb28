import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Device, rowAt, toBatch } from '../src/engine/protocol.ts';
import type { PackedModel } from '../src/formats/causal/load.ts';
import type { Dtype } from '../src/model-files/manifest.ts';
import { packageRoot } from '../src/package-info.ts';
import { cosine } from '../src/tasks/embedding/cosine.ts';
import { judge } from '../src/tasks/embedding/judge-canary.ts';

const PADDED_TOLERANCE = 1e-5;
const GOLDEN_TOLERANCE = 2e-6;
const GOLDEN = path.join(packageRoot, 'test', 'fixtures', 'starter-golden.json');

/** A speed of wrong vectors is worth nothing: thrown, it ends the benchmark. */
export class GateError extends Error {
  override readonly name = 'GateError';
}

/** Largest difference of two lots of rows. A NaN counts as infinitely far. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs((a[i] as number) - (b[i] as number));
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    if (difference > largest) largest = difference;
  }
  return largest;
}

/** @throws {GateError} when rows of two layouts of a batch, normalized, are further apart than rounding explains. */
export function gateSameVectors(a: Float32Array, b: Float32Array, hiddenSize: number, what: string): void {
  const difference = largestDifference(normalizedRows(a, hiddenSize), normalizedRows(b, hiddenSize));
  if (difference > PADDED_TOLERANCE) {
    throw new GateError(
      `${what}: vectors differ by ${difference.toExponential(2)}, expected at most ${PADDED_TOLERANCE}.`,
    );
  }
}

/** @throws {GateError} when the starter's vectors are not those of PyTorch, as far as the precision allows. */
export async function gateGolden(
  model: PackedModel,
  hiddenSize: number,
  settings: { device: Device; dtype: Dtype },
): Promise<void> {
  if (!existsSync(GOLDEN)) throw new GateError('test/fixtures/starter-golden.json is missing.');
  const { texts } = JSON.parse(readFileSync(GOLDEN, 'utf8')) as { texts: { ids: number[]; vector: number[] }[] };
  const { rows } = await model.run(toBatch(texts.map(({ ids }) => ids)));
  const vectors = normalizedRows(rows, hiddenSize);
  const difference = largestDifference(
    vectors,
    texts.flatMap(({ vector }) => vector),
  );
  const lowest = Math.min(...texts.map(({ vector }, i) => cosine(rowAt(vectors, i, hiddenSize), vector)));
  const complaint = judge({ cosine: lowest, difference }, GOLDEN_TOLERANCE, settings);
  if (complaint !== null) throw new GateError(`The starter's vectors are not PyTorch's: ${complaint}.`);
}

function normalizedRows(rows: Float32Array, width: number): Float32Array {
  const result = new Float32Array(rows.length);
  for (let i = 0; i < rows.length / width; i++) {
    const row = rowAt(rows, i, width);
    const norm = Math.sqrt(row.reduce((squares, value) => squares + value * value, 0));
    result.set(
      row.map((value) => value / norm),
      i * width,
    );
  }
  return result;
}
