import type { Clock } from '../../clock.ts';
import {
  type Batch,
  type BatchResult,
  type BatchTime,
  type Calibration,
  type Device,
  type EngineSettings,
  toBatch,
} from '../protocol.ts';

/** A batch is large enough when it reaches this part of the best pace. */
const ENOUGH = 0.9;
/** No batch is made to take longer, in milliseconds: a query that comes waits for the one being computed. */
const LONGEST_BATCH_MS = 2_000;
/** Nor shorter, where a larger one is as fast: what surrounds a batch, messages and wake-ups, takes up to half a millisecond. */
const SHORTEST_BATCH_MS = 10;
/** A batch of less is over before what surrounds it: it is measured more often. */
const TOO_SHORT_TO_JUDGE_MS = 1;
/** The smallest size measured. Below 256 rows a matrix product loses speed on every machine seen. */
const SMALLEST_MEASURED = 256;
/** The smallest budget, on a machine where 256 tokens take longer than a batch may: a passage is hardly shorter. */
const FEWEST_TOKENS = 128;
/** What fills a device, by arithmetic: about nine times the rows for which reading the weights takes as long as computing. */
const FILLING_TOKENS: Record<Device, number> = { cpu: 256, webgpu: 1_024, cuda: 4_096 };
/** A doubling that brings less was past the top. */
const WORTHWHILE_GAIN = 1.05;
const ROUNDS = 3;
/** Where a batch is so short that one interruption is worth several of them. */
const ROUNDS_OF_SHORT_BATCHES = 12;
/** Milliseconds that measuring may take: this much after a short load, 5 % of a long one. */
const TIME_AFTER_SHORT_LOAD_MS = 300;
const SHORT_LOAD_MS = 2_000;
const PART_OF_LONG_LOAD = 0.05;
const SEQUENCE_LENGTH = 32;

export interface CalibrationOptions extends Pick<EngineSettings, 'device' | 'maxTokens' | 'maxBatchTokens'> {
  vocabularySize: number;
  /** Time that the load has taken so far, which bounds the time spent here. */
  loadMilliseconds: number;
  /** Tokens a second of what was run so far: predicts how long a batch would take before it is tried. */
  tokensPerSecond: number;
  clock: Pick<Clock, 'now'>;
}

/**
 * Finds the batch budget: the smallest batch that reaches 90 % of the device's best pace, within two seconds a batch.
 *
 * Sizes double from 256 tokens until one takes 10 ms and a doubling brings nothing; the best of three runs, or twelve short ones,
 * counts for each. Other work on the machine can only make a run slower, so an error is mostly towards a smaller budget, and
 * 256 tokens bound it. The time spent is bounded: at most 0.3 s, 5 % of the load where that took more than two seconds. A model
 * that is too slow to be measured in that time gets what fills such a device by arithmetic, and the result says so.
 */
export async function calibrate(
  run: (batch: Batch) => Promise<Pick<BatchResult, 'computedTokens'>>,
  options: CalibrationOptions,
): Promise<Calibration> {
  const { device, maxBatchTokens, loadMilliseconds, clock } = options;
  const start = clock.now();
  const limit = loadMilliseconds < SHORT_LOAD_MS ? TIME_AFTER_SHORT_LOAD_MS : PART_OF_LONG_LOAD * loadMilliseconds;
  const sizes = doublings(Math.min(SMALLEST_MEASURED, maxBatchTokens), maxBatchTokens);
  const curve: BatchTime[] = [];
  let pace = options.tokensPerSecond / 1000;

  /** Runs each size once, up to the top or the longest batch. False: the time was up before. */
  const climb = async (): Promise<boolean> => {
    for (const [i, size] of sizes.entries()) {
      const expected = size / pace;
      if (isPastTop(curve, i) || expected > LONGEST_BATCH_MS) return true;
      if (clock.now() - start + expected > limit) return false;
      const runStart = clock.now();
      const { computedTokens: tokens } = await run(distinctTokens(size, options));
      const milliseconds = Math.min(clock.now() - runStart, curve[i]?.milliseconds ?? Number.POSITIVE_INFINITY);
      curve[i] = { tokens, milliseconds };
      pace = Math.max(pace, paceOf(curve[i]));
    }
    return true;
  };
  let climbs = 0;
  while (climbs < roundsFor(curve) && (await climb())) climbs += 1;

  const best = Math.max(...curve.map(paceOf));
  const fastEnough = curve.filter((batch) => paceOf(batch) >= ENOUGH * best);
  const smallest = fastEnough.find(({ milliseconds }) => milliseconds >= SHORTEST_BATCH_MS) ?? fastEnough.at(-1);
  const isMeasured = climbs > 0 && smallest !== undefined;
  const fills = Math.min(FILLING_TOKENS[device], Math.max(FEWEST_TOKENS, pace * LONGEST_BATCH_MS));
  const wanted = isMeasured ? smallest.tokens : Math.max(fills, smallest?.tokens ?? 0);
  const batchTokens = Math.min(maxBatchTokens, Math.round(wanted));
  return {
    batchTokens,
    basis: isMeasured ? 'measured' : 'estimated',
    batchMilliseconds: rounded(isMeasured ? smallest.milliseconds : batchTokens / pace),
    milliseconds: rounded(clock.now() - start),
    curve: curve.map(({ tokens, milliseconds }) => ({ tokens, milliseconds: rounded(milliseconds) })),
  };
}

/** For the log: to hundredths. */
function rounded(milliseconds: number): number {
  return Math.round(100 * milliseconds) / 100;
}

function paceOf({ tokens, milliseconds }: BatchTime): number {
  return tokens / milliseconds;
}

function roundsFor([smallest]: readonly BatchTime[]): number {
  return smallest !== undefined && smallest.milliseconds < TOO_SHORT_TO_JUDGE_MS ? ROUNDS_OF_SHORT_BATCHES : ROUNDS;
}

/** Whether the doubling before size `i` brought too little for another one, and batches are long enough. */
function isPastTop(curve: readonly BatchTime[], i: number): boolean {
  const [before, last] = [curve[i - 2], curve[i - 1]];
  if (before === undefined || last === undefined || last.milliseconds < SHORTEST_BATCH_MS) return false;
  return paceOf(last) < WORTHWHILE_GAIN * paceOf(before);
}

function doublings(first: number, last: number): number[] {
  return first > last ? [] : [first, ...doublings(2 * first, last)];
}

/** A batch of about `size` tokens, no two of its sequences with a prefix in common. */
export function distinctTokens(
  size: number,
  { maxTokens, vocabularySize }: Pick<CalibrationOptions, 'maxTokens' | 'vocabularySize'>,
): Batch {
  const length = Math.min(SEQUENCE_LENGTH, maxTokens, size);
  return toBatch(
    Array.from({ length: Math.floor(size / length) }, (_, i) =>
      Array.from({ length }, (_, j) => (i + j * 7919) % vocabularySize),
    ),
  );
}
