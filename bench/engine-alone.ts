import { FairQueue } from '../src/batching/fair-queue.ts';
import { PendingRequest } from '../src/batching/pending-request.ts';
import { type Batch, toBatch } from '../src/engine/protocol.ts';
import type { PackedModel } from '../src/formats/causal/load.ts';
import { formatOf } from '../src/formats/formats.ts';
import type { ModelManifest } from '../src/model-files/manifest.ts';
import { median } from './statistics.ts';

/** Forms batches as the service's batcher does when everything waits at once. */
export function fullBatches(sequences: readonly Int32Array[], batchTokens: number, manifest: ModelManifest): Batch[] {
  const queue = new FairQueue();
  queue.push(new PendingRequest(sequences, {}, 0, () => {}));
  const batches: Batch[] = [];
  while (queue.requests > 0) {
    const entries = queue.takeBatch(formatOf(manifest).meter(manifest, 'fp32', batchTokens));
    batches.push(toBatch(entries.map(({ tokenIds }) => tokenIds)));
  }
  return batches;
}

/** Seconds the engine takes for the batches, one after the other, with nothing around it. */
export async function timeAlone(model: PackedModel, batches: readonly Batch[]): Promise<number> {
  const start = performance.now();
  for (const batch of batches) await model.run(batch);
  return (performance.now() - start) / 1000;
}

/**
 * A batch time, in milliseconds: what the engine alone takes for a full batch, the median of those that the sequences fill.
 * @param batchTokens the budget of the service.
 * @param most how many batches are measured, at most.
 */
export async function fullBatchMilliseconds(
  { model, manifest }: { model: PackedModel; manifest: ModelManifest },
  { sequences, batchTokens, most }: { sequences: readonly Int32Array[]; batchTokens: number; most: number },
): Promise<number> {
  const seconds: number[] = [];
  for (const batch of fullBatches(sequences, batchTokens, manifest).slice(0, most)) {
    seconds.push(await timeAlone(model, [batch]));
  }
  return 1000 * median(seconds);
}
