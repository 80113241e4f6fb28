import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { precisionClass } from '../src/engine/precision.ts';
import { toBatch } from '../src/engine/protocol.ts';
import type { PackedModel } from '../src/formats/causal/load.ts';
import { formatOf } from '../src/formats/formats.ts';
import { sha256File } from '../src/model-files/file-hashes.ts';
import type { Dtype, ModelManifest } from '../src/model-files/manifest.ts';
import { packageRoot } from '../src/package-info.ts';
import { InputFailures } from '../src/tasks/input-failures.ts';
import { finishScores } from '../src/tasks/reranking/finish-scores.ts';
import { GateError, largestDifference } from './gate.ts';

/** Of a score, for each 1 of it where it is above 1: a logit may be. */
const TOLERANCE = { single: 2e-6, half: 0.05, quantized: 0.05 } as const;
/** Of logits, for each 1 of them: sums in another order. */
const SAME_LOGITS = 1e-5;
/** Sequences of a reference that are computed, in one batch and alone: a large model takes a second for each. */
const MOST_PAIRS = 8;
const FIXTURES = path.join(packageRoot, 'test', 'fixtures');

interface ScoredPair {
  ids: number[];
  score: number;
}

/**
 * Scores of PyTorch for a model: of the folder's own reference.json, of the starter, or of the random model of
 * Qwen3-Reranker-0.6B's shape, told by its hash. null: there are none.
 */
async function findReference(manifest: ModelManifest, dtype: Dtype): Promise<ScoredPair[] | null> {
  const own = path.join(manifest.folder, 'reference.json');
  if (existsSync(own)) return readJson(own).pairs;
  const rerankers = path.join(FIXTURES, 'rerankers');
  if (manifest.name === 'starter-reranker') return readJson(path.join(rerankers, 'starter-scores.json')).pairs;
  const golden = readJson(path.join(FIXTURES, 'random-0.6b', 'reranker-golden.json'));
  const [file, ...others] = formatOf(manifest).weightFiles(manifest, dtype);
  if (file === undefined || others.length > 0 || (await sha256File(file)) !== golden.weights_sha256) return null;
  const { pairs } = readJson(path.join(rerankers, 'qwen3-token-ids.json'));
  return golden.cases.map(({ pair, ids, score }: { pair?: number; ids?: number[]; score: number }) => ({
    ids: ids ?? pairs[pair ?? -1].ids,
    score,
  }));
}

/**
 * @throws {GateError} when scores are not PyTorch's, as far as the precision allows, or not the same alone and in a batch;
 * for a model of which there are no such scores.
 */
export async function gateScores(model: PackedModel, manifest: ModelManifest, dtype: Dtype): Promise<void> {
  const reference = (await findReference(manifest, dtype))?.slice(0, MOST_PAIRS);
  if (reference === undefined) {
    throw new GateError(
      `There are no reference scores for ${manifest.name}: no reference.json in ${manifest.folder} (test/fixtures/random-0.6b/make-reranker.py writes one), and it is no model that hotvec has some of.`,
    );
  }
  const sequences = reference.map(({ ids }) => ids);
  const together = await scoresOf(model, manifest, sequences);
  const alone: number[] = [];
  for (const sequence of sequences) alone.push(...(await scoresOf(model, manifest, [sequence])));
  const expected = reference.map(({ score }) => score);
  const allowed = TOLERANCE[precisionClass(dtype)] * Math.max(1, ...expected.map(Math.abs));
  for (const [what, scores] of Object.entries({ 'in a batch': together, alone })) {
    const difference = largestDifference(scores, expected);
    if (difference <= allowed) continue;
    throw new GateError(
      `Scores ${what} are ${difference.toExponential(2)} from the reference, expected at most ${allowed.toExponential(1)}.`,
    );
  }
}

/** Scores of sequences computed in one batch. @throws {HotvecError} for one that is no number. */
export async function scoresOf(
  model: PackedModel,
  { scoring }: ModelManifest,
  sequences: readonly ArrayLike<number>[],
): Promise<number[]> {
  const { rows } = await model.run(toBatch(sequences));
  const positions = sequences.map((_, position) => ({ position }));
  const numbers = Array.from(rows, (row) => Float32Array.of(row));
  return finishScores(numbers, positions, scoring?.activation ?? 'identity', new InputFailures('fail'));
}

function readJson(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/**
 * @returns the largest difference of two lots of logits.
 * @throws {GateError} when they are further apart than rounding explains.
 */
export function gateSameScores(a: Float32Array, b: Float32Array): number {
  const difference = largestDifference(a, b);
  if (difference <= SAME_LOGITS * Math.max(1, ...a.map(Math.abs))) return difference;
  throw new GateError(`Logits with and without sharing differ by ${difference.toExponential(2)}.`);
}
