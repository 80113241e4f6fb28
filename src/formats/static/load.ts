import { type Batch, type EngineSettings, rowOffsetsOf } from '../../engine/protocol.ts';
import { StartError } from '../../errors.ts';
import type { ModelManifest } from '../../model-files/manifest.ts';
import type { ComputedBatch, LoadedModel } from '../model-format.ts';
import { STATIC_DTYPES, type StaticWeights } from './static-weights.ts';
import { loadTokenVectors, type TokenVectors } from './token-vectors.ts';

/**
 * Loads a table of token vectors.
 * @throws {StartError} for another device than the CPU, or another precision than fp32.
 */
export async function loadStatic(
  { weights, hiddenSize }: ModelManifest<StaticWeights>,
  { device, dtype }: EngineSettings,
): Promise<LoadedModel> {
  if (device !== 'cpu') throw new StartError(`Static models run on cpu, not on ${device}: set DEVICE=cpu or auto.`);
  if (!STATIC_DTYPES.includes(dtype)) {
    throw new StartError(`Static models run in ${STATIC_DTYPES.join(', ')}, not in ${dtype}.`);
  }
  const vectors = loadTokenVectors(weights);
  return { run: async (batch) => average(batch, hiddenSize, vectors) };
}

/**
 * The mean of each sequence's token vectors; where its tokens are asked for one by one, those vectors. They are added in
 * their order, so a text has the same vector to the bit alone and in any batch.
 */
function average(batch: Batch, width: number, vectors: TokenVectors): ComputedBatch {
  const { tokenIds, offsets, perToken } = batch;
  const rowOffsets = rowOffsetsOf(batch);
  const rows = new Float32Array((rowOffsets.at(-1) as number) * width);
  const sum = vectors.createSum();
  for (let i = 0; i + 1 < offsets.length; i++) {
    const start = offsets[i] as number;
    const end = offsets[i + 1] as number;
    let row = (rowOffsets[i] as number) * width;
    const tokensOfRow = perToken?.[i] === 1 ? 1 : end - start;
    for (let from = start; from < end; from += tokensOfRow, row += width) {
      sum.fill(0);
      for (let at = from; at < from + tokensOfRow; at++) vectors.add(tokenIds[at] as number, sum);
      for (let j = 0; j < width; j++) rows[row + j] = (sum[j] as number) / tokensOfRow;
    }
  }
  return { rows, computedTokens: tokenIds.length };
}
