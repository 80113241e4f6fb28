/** Components that ONNX Runtime's matrix products sum in one piece, wherever there are more columns than NARROW. */
const PIECE = 128;
/** Columns up to which they sum longer pieces. */
const NARROW = 64;

/**
 * How many keys attention has at least, where ONNX Runtime's plain products make its scores. Those of a head of more than
 * one piece are rounded between its pieces, and keys are the columns of scores: a short text would be rounded otherwise
 * alone than among long ones.
 */
export function leastColumnsFor(headDim: number): number {
  return headDim > PIECE ? NARROW + 1 : 1;
}
