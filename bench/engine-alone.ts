import { PackedMeter } from '../src/engine/packed/packed-meter.ts';
import type { PackedModel } from '../src/engine/packed/packed-model.ts';
import { type Batch, toBatch } from '../src/engine/protocol.ts';

/** Forms batches as the service's batcher does when everything waits at once: full by its own meter. */
export function fullBatches(sequences: readonly Int32Array[], batchTokens: number, vocabularySize: number): Batch[] {
  const batches: Int32Array[][] = [];
  let meter = new PackedMeter(batchTokens, vocabularySize);
  for (const sequence of sequences) {
    if (batches.length === 0 || !meter.fits(sequence)) {
      batches.push([]);
      meter = new PackedMeter(batchTokens, vocabularySize);
    }
    meter.add(sequence);
    batches.at(-1)?.push(sequence);
  }
  return batches.map(toBatch);
}

/** Seconds the engine takes for the batches, one after the other, with nothing around it. */
export async function timeAlone(model: PackedModel, batches: readonly Batch[]): Promise<number> {
  const start = performance.now();
  for (const batch of batches) await model.run(batch);
  return (performance.now() - start) / 1000;
}
