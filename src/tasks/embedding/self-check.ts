import { type Batch, toBatch } from '../../engine/protocol.ts';
import { StartError } from '../../errors.ts';
import type { ModelManifest } from '../../model-files/manifest.ts';
import { MIN_NORM } from './finish-vector.ts';

/** Lengths of the sequences: a lone token, unequal ones, and one past 128, where packing or a device's attention could go wrong. */
const LENGTHS = [130, 17, 5, 1];
/** Token sequences of a length that are tried; one is enough of a model that has few rows of zeros. */
const TRIES = 64;

type Facts = Pick<ModelManifest, 'vocabularySize' | 'maxTokens' | 'selfCheck'>;

/** A sequence, and the row it has alone. */
export interface SelfCheck {
  ids: number[];
  alone: Float32Array;
}

/** Lengths of the sequences that a model without a canary is asked: the model must be loaded for the longest. */
export function selfCheckLengths(maxTokens: number): number[] {
  return LENGTHS.map((length) => Math.min(length, maxTokens));
}

/**
 * Finds a sequence of each length that has a direction. Tables have rows of zeros, for padding (PyTorch keeps that of
 * `padding_idx` at zero) and for ids that no token has, and such a token alone has no direction even in a sound model;
 * no file says which tokens these are. So others are tried. The token of padding is left out: exports make a mask of
 * it.
 *
 * @throws {StartError} when none has a direction, saying what was seen; at once for a row that is not finite, unless
 * the graph itself normalizes and so divides zeros by zero.
 */
export async function findSelfChecks(
  run: (batch: Batch) => Promise<{ rows: Float32Array }>,
  facts: Facts,
): Promise<SelfCheck[]> {
  const checks: SelfCheck[] = [];
  for (const length of selfCheckLengths(facts.maxTokens)) checks.push(await findSelfCheck(run, facts, length));
  return checks;
}

async function findSelfCheck(
  run: (batch: Batch) => Promise<{ rows: Float32Array }>,
  facts: Facts,
  length: number,
): Promise<SelfCheck> {
  let seen = 'zeros';
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const ids = sequenceOf(facts, length, attempt);
    const { rows } = await run(toBatch([ids]));
    const norm = Math.hypot(...rows);
    if (norm >= MIN_NORM && Number.isFinite(norm)) return { ids, alone: rows };
    if (norm < MIN_NORM) continue;
    seen = 'non-finite values (NaN or infinity)';
    if (!facts.selfCheck.dividesByNorm) throw noDirection(length, 'one', seen);
  }
  throw noDirection(length, `all ${TRIES}`, seen);
}

/** Sequences of a try share their first tokens, as texts share a prompt. */
function sequenceOf({ vocabularySize, selfCheck }: Facts, length: number, attempt: number): number[] {
  const padTokenId = selfCheck.paddingToken ?? -1;
  const hasPadding = padTokenId >= 0 && padTokenId < vocabularySize && vocabularySize > 1;
  const usable = hasPadding ? vocabularySize - 1 : vocabularySize;
  // Rows of zeros are adjacent: later attempts start in different places of a large table.
  const shift = usable <= TRIES ? attempt : Math.floor(attempt * 0.618_034 * usable);
  return Array.from({ length }, (_, i) => {
    const id = (i * 7919 + (i > 8 ? length : 0) + shift) % usable;
    return hasPadding && id >= padTokenId ? id + 1 : id;
  });
}

function noDirection(length: number, sequences: string, seen: string): StartError {
  const tokens = length === 1 ? 'one token' : `${length} tokens`;
  return new StartError(
    `The self-check failed: ${sequences} of the test sequences of ${tokens} gave a row of ${seen}, which cannot be made into a vector. Copy or download the weights again; in half precision, try DTYPE=fp32.`,
  );
}
