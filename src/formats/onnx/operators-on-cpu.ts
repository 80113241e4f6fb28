import type { RecordedOperator } from './record-operators.ts';

/** Looks rows up in a table: the first input; the second says which. */
const LOOKUPS = ['Gather', 'GatherBlockQuantized'];
/** Token ids, masks, positions and shapes; hidden states never are. */
const INDEX_TYPES = ['int64', 'bool'];
const INDEX_BYTES = 8;

/**
 * The operators that computed with hidden states on the CPU, in a session of another device: each type once, in
 * alphabetical order.
 *
 * Exporters write a good deal of arithmetic on shapes, positions and masks into their graphs. ONNX Runtime puts it on
 * the CPU on purpose, which is not a fallback: it reads integers, or values derived from a mask, of which there are at
 * most batch × length². Any larger input is hidden states, or scores of attention, or weights. What is left is the
 * lookup of token embeddings, for which no number is computed.
 *
 * @param largestMask batch × length² of the batch that was run: with a length of less than the hidden size that is less
 * than the batch's hidden states, and with more than one head less than its scores.
 */
export function operatorsOnCpu(operators: readonly RecordedOperator[], largestMask: number): string[] {
  const found = operators.filter(
    (one) => one.provider === 'CPUExecutionProvider' && !isLookup(one) && readsHiddenStates(one, largestMask),
  );
  return [...new Set(found.map(({ operator }) => operator))].sort();
}

function readsHiddenStates({ inputs }: RecordedOperator, largestMask: number): boolean {
  return inputs.some(({ type, dimensions }) => !INDEX_TYPES.includes(type) && elements(dimensions) > largestMask);
}

/** In a table that is a weight: nothing was computed that the operator reads, but the indices. */
function isLookup({ operator, inputs, activationBytes }: RecordedOperator): boolean {
  const indices = inputs[1]?.dimensions ?? [];
  return LOOKUPS.includes(operator) && activationBytes <= elements(indices) * INDEX_BYTES;
}

function elements(dimensions: readonly number[]): number {
  return dimensions.reduce((product, dimension) => product * dimension, 1);
}
