import { messageOf, StartError } from '../../errors.ts';
import { explainModelFailure } from '../explain-device-failure.ts';
import { type Batch, type EngineSettings, toBatch } from '../protocol.ts';

/** Lengths of the largest batch's sequences, of which all but a quarter is shared: as much padding as a batch may have. */
const LARGE_LENGTH = 512;
const SHARED_PART = 0.75;

export interface WarmUpLimits extends Pick<EngineSettings, 'device' | 'dtype' | 'maxTokens' | 'maxBatchTokens'> {
  vocabularySize: number;
}

/**
 * On a GPU runs the largest batch, then the longest sequence: ONNX Runtime keeps the memory it once took, so the peak is
 * taken in one piece, and too little memory is found at start and not under load. A CPU's memory comes and goes.
 *
 * @throws {StartError} when a GPU cannot hold the largest batch, naming the settings that bound it.
 */
export async function warmUp(run: (batch: Batch) => Promise<unknown>, limits: WarmUpLimits): Promise<void> {
  const { device, maxTokens, maxBatchTokens } = limits;
  if (device === 'cpu') return;
  await runLargest(run, largestBatch(limits), `Set MAX_BATCH_TOKENS below ${maxBatchTokens}`, limits);
  await runLargest(run, longestSequence(limits), `Set MAX_INPUT_TOKENS below ${maxTokens}`, limits);
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
