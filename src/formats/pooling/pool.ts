import { StartError } from '../../errors.ts';
import type { Pooling } from '../../model-files/manifest.ts';

/** Which of the hidden states of a batch are whose. */
export interface PooledSequences {
  /** [batchSize] the state of each sequence's first token. */
  starts: Int32Array;
  /** [batchSize] how many states, from there, are of its tokens. */
  lengths: Int32Array;
}

/**
 * Makes one row a sequence of its hidden states, as sentence_transformers' Pooling does.
 *
 * @param states row-major [states, width]: packed one after the other, or with padding that is not read.
 * @param perToken [batchSize] 1 where the states of a sequence are its rows, as they are; left out: nowhere.
 * @returns row-major [rows, width], not normalized.
 */
export function pool(
  states: Float32Array,
  width: number,
  { starts, lengths }: PooledSequences,
  pooling: Pooling,
  perToken?: Uint8Array,
): Float32Array {
  const rowCount = lengths.reduce((sum, length, i) => sum + (perToken?.[i] === 1 ? length : 1), 0);
  const rows = new Float32Array(rowCount * width);
  let end = 0;
  for (const [i, start] of starts.entries()) {
    const length = lengths[i] as number;
    const sequence = states.subarray(start * width, (start + length) * width);
    const own = perToken?.[i] === 1 ? sequence : poolOne(sequence, length, width, pooling);
    rows.set(own, end);
    end += own.length;
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
    case 'weighted_mean':
      return weightedMean(states, length, width);
    case 'max':
      return maximum(states, width);
    case 'in_graph':
      throw new StartError('The graph returns hidden states, but nothing says how to pool them.');
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

/** The n-th token counts n times. */
function weightedMean(states: Float32Array, length: number, width: number): Float64Array {
  const total = new Float64Array(width);
  for (let position = 0; position < length; position++) {
    for (let j = 0; j < width; j++) {
      total[j] = (total[j] as number) + (position + 1) * (states[position * width + j] as number);
    }
  }
  return total.map((value) => value / ((length * (length + 1)) / 2));
}

function maximum(states: Float32Array, width: number): Float32Array {
  const highest = states.slice(0, width);
  for (let start = width; start < states.length; start += width) {
    for (let j = 0; j < width; j++) highest[j] = Math.max(highest[j] as number, states[start + j] as number);
  }
  return highest;
}
