import { messageOf, StartError } from '../errors.ts';
import { explainModelFailure } from './explain-device-failure.ts';
import { type Batch, type EngineSettings, toBatch } from './protocol.ts';

const SEQUENCE_LENGTH = 32;
/** Below this a larger batch is tried: a small one measures call overhead, not the machine. */
const TOO_SHORT_MS = 50;
/** Lengths of the largest batch's sequences, of which all but a quarter is shared: as much padding as a batch may have. */
const LARGE_LENGTH = 512;
const SHARED_PART = 0.75;

export interface WarmUpLimits extends Pick<EngineSettings, 'device' | 'dtype' | 'maxTokens' | 'maxBatchTokens'> {
  vocabularySize: number;
}

/**
 * Runs batches of growing size, so that the first request meets allocated memory and measured speed. On a GPU the
 * largest batch comes first, then the longest sequence: ONNX Runtime keeps the memory it once took, so the peak is
 * taken in one piece, and too little memory is found at start and not under load.
 *
 * @returns tokens a second on distinct tokens, of the largest batch run.
 * @throws {StartError} when a GPU cannot hold the largest batch, naming the settings that bound it.
 */
export async function warmUp(run: (batch: Batch) => Promise<unknown>, limits: WarmUpLimits): Promise<number> {
  const { device, maxTokens, maxBatchTokens, vocabularySize } = limits;
  if (device !== 'cpu') {
    await runLargest(run, largestBatch(limits), `Set MAX_BATCH_TOKENS below ${maxBatchTokens}`, limits);
    await runLargest(run, longestSequence(limits), `Set MAX_INPUT_TOKENS below ${maxTokens}`, limits);
  }
  const length = Math.min(SEQUENCE_LENGTH, maxTokens);
  const batchSizes = [1, 2, 8, 32, 64, 256, 512];
  // A CPU needs no more than 64; the first is run on every device.
  const most = device === 'cpu' ? 64 : Math.max(1, Math.floor(maxBatchTokens / length));
  let tokensPerSecond = 0;
  for (const batchSize of batchSizes.filter((size) => size <= most)) {
    const batch = toBatch(
      Array.from({ length: batchSize }, (_, i) =>
        // The first token differs, so no two sequences share a prefix.
        Array.from({ length }, (_, j) => (i + j * 7919) % vocabularySize),
      ),
    );
    const start = performance.now();
    await run(batch);
    const elapsed = performance.now() - start;
    tokensPerSecond = (batchSize * length * 1000) / elapsed;
    if (elapsed > TOO_SHORT_MS && batchSize > 1) break;
  }
  return tokensPerSecond;
}

/** `maxBatchTokens` unique tokens, and attention over four times as many padded slots: what `PackedMeter` lets pass. */
export function largestBatch({ maxTokens, maxBatchTokens, vocabularySize }: WarmUpLimits): Batch {
  const length = Math.min(LARGE_LENGTH, maxTokens, maxBatchTokens);
  const shared = Math.floor(SHARED_PART * length);
  const batchSize = Math.max(1, Math.floor((maxBatchTokens - shared) / (length - shared)));
  return toBatch(
    Array.from({ length: batchSize }, (_, i) =>
      Array.from({ length }, (_, j) => (j === shared ? i : j * 7919) % vocabularySize),
    ),
  );
}

function longestSequence({ maxTokens, vocabularySize }: WarmUpLimits): Batch {
  return toBatch([Array.from({ length: maxTokens }, (_, j) => (j * 7919) % vocabularySize)]);
}

async function runLargest(
  run: (batch: Batch) => Promise<unknown>,
  batch: Batch,
  remedy: string,
  limits: WarmUpLimits,
): Promise<void> {
  try {
    await run(batch);
  } catch (error) {
    throw new StartError(explainModelFailure(limits, messageOf(error), remedy));
  }
}
