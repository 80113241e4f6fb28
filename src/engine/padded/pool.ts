import { StartError } from '../../errors.ts';
import type { Pooling } from '../../model/manifest.ts';
import type { PaddedLayout } from './graph-inputs.ts';

/**
 * Makes one row a sequence of its hidden states, as sentence_transformers' Pooling does.
 *
 * @param states row-major [batchSize, longest, width].
 * @returns row-major [batchSize, width], not normalized. Only the first `length` states of a sequence are read.
 */
export function pool(
  states: Float32Array,
  { batchSize, longest, lengths }: PaddedLayout,
  pooling: Pooling,
): Float32Array {
  const width = states.length / (batchSize * longest);
  const rows = new Float32Array(batchSize * width);
  for (let i = 0; i < batchSize; i++) {
    const length = lengths[i] as number;
    const sequence = states.subarray(i * longest * width, (i * longest + length) * width);
    rows.set(poolOne(sequence, length, width, pooling), i * width);
  }
  return rows;
}

function poolOne(states: Float32Array, length: number, width: number, pooling: Pooling): ArrayLike<number> {
  switch (pooling) {
    case 'cls':
      return states.subarray(0, width);
    case 'last_token':
      return states.subarray((length - 1) * width);
    case 'mean':
      return sum(states, width).map((value) => value / length);
    case 'mean_sqrt_len':
      return sum(states, width).map((value) => value / Math.sqrt(length));
    case 'max':
      return maximum(states, width);
    case 'in_graph':
      throw new StartError('The ONNX graph gives hidden states, and nothing says how to pool them.');
  }
}

/** In double precision, so that the order of a sum is worth nothing. */
function sum(states: Float32Array, width: number): Float64Array {
  const total = new Float64Array(width);
  for (let start = 0; start < states.length; start += width) {
    for (let j = 0; j < width; j++) total[j] = (total[j] as number) + (states[start + j] as number);
  }
  return total;
}

function maximum(states: Float32Array, width: number): Float32Array {
  const highest = states.slice(0, width);
  for (let start = width; start < states.length; start += width) {
    for (let j = 0; j < width; j++) highest[j] = Math.max(highest[j] as number, states[start + j] as number);
  }
  return highest;
}
