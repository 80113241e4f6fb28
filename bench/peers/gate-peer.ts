import { cosine } from '../../src/tasks/embedding/cosine.ts';
import type { Server } from '../api-server.ts';
import { embedAndCount } from '../embedding-server.ts';
import { largestDifference } from '../gate.ts';
import { LOWEST_COSINE, type Precision } from './peers.ts';

/** A text alone and in a batch: further apart than any precision explains, its neighbors are in the vector. */
const BATCH_COSINE = 0.999;

/** What PyTorch makes of the texts of the gate. */
export interface Reference {
  /** L2-normalized. */
  vectors: number[][];
  /** Of each text, special tokens included. */
  tokens: number[];
  versions: string;
}

/** How right a server is. */
export interface Accuracy {
  /** Of a text's vector and PyTorch's; NaN where their dimensions differ. */
  lowestCosine: number;
  /** Of a text's vector alone and in the batch of all: the lowest cosine, and the largest difference of a component. */
  aloneCosine: number;
  aloneDifference: number;
  /** Texts that it counted other tokens of than `tokenizer.json` does, each alone; null where it does not say. */
  miscounted: number | null;
}

/** Embeds the texts in one batch and one by one. @throws {ServerError} */
export async function measureAccuracy(
  server: Server,
  model: string,
  texts: readonly string[],
  reference: Reference,
): Promise<Accuracy> {
  const together = (await embedAndCount(server, model, texts)).vectors.map(normalize);
  const accuracy: Accuracy = { lowestCosine: 1, aloneCosine: 1, aloneDifference: 0, miscounted: null };
  for (const [i, text] of texts.entries()) {
    const expected = reference.vectors[i] as number[];
    const { vectors, tokens } = await embedAndCount(server, model, [text]);
    const alone = normalize(vectors[0] as Float64Array);
    const inBatch = together[i] as Float64Array;
    accuracy.lowestCosine = lower(accuracy.lowestCosine, [cosineOf(alone, expected), cosineOf(inBatch, expected)]);
    accuracy.aloneCosine = lower(accuracy.aloneCosine, [cosineOf(alone, inBatch)]);
    accuracy.aloneDifference = Math.max(accuracy.aloneDifference, largestDifference(alone, inBatch));
    if (tokens !== null) {
      accuracy.miscounted = (accuracy.miscounted ?? 0) + (tokens === reference.tokens[i] ? 0 : 1);
    }
  }
  return accuracy;
}

/** What is wrong with a server, one line each. */
export function judgeAccuracy(name: string, precision: Precision, accuracy: Accuracy): string[] {
  const { lowestCosine, aloneCosine, aloneDifference, miscounted } = accuracy;
  const wrongAnswers = 'Its speed is that of wrong answers.';
  const complaints: string[] = [];
  if (!(lowestCosine >= LOWEST_COSINE[precision])) {
    const least = LOWEST_COSINE[precision];
    complaints.push(
      Number.isNaN(lowestCosine)
        ? `${name} gives vectors of other dimensions than PyTorch. ${wrongAnswers}`
        : `${name} gives other vectors than PyTorch: lowest cosine ${lowestCosine.toFixed(6)}, expected at least ${least} in ${precision}. ${wrongAnswers}`,
    );
  }
  if (!(aloneCosine >= BATCH_COSINE)) {
    complaints.push(
      `${name} gives a text another vector in a batch than alone: lowest cosine ${aloneCosine.toFixed(6)}, components up to ${aloneDifference.toExponential(1)} apart. ${wrongAnswers}`,
    );
  }
  if (miscounted !== null && miscounted > 0) {
    complaints.push(`${name} counts other tokens than tokenizer.json gives in ${miscounted} texts of the gate.`);
  }
  return complaints;
}

/** Math.min, but NaN stays. */
function lower(lowest: number, cosines: readonly number[]): number {
  return Math.min(lowest, ...cosines);
}

function cosineOf(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return a.length === b.length ? cosine(a, b) : Number.NaN;
}

function normalize(vector: Float64Array): Float64Array {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}
