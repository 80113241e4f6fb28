import type { ResultRow, ResultWriterOptions } from './rows.ts';

/** How the results of all rows lie in an array. */
export interface Elements {
  /** Rows × numbers; of scores the rows alone. */
  shape: readonly number[];
  bytesPerRow: number;
  /** The type as NumPy and as safetensors call it. */
  numpy: '<f4' | '|i1' | '|u1' | '<f8';
  safetensors: 'F32' | 'I8' | 'U8' | 'F64';
  bytesOf: (value: ResultRow['value']) => ArrayBufferView;
}

/** Of vectors as their dtype says, a byte for eight components of binary ones; of scores doubles. Little-endian. */
export function elementsOf({ value, count }: ResultWriterOptions): Elements {
  if (value.name === 'score') {
    return {
      shape: [count],
      bytesPerRow: 8,
      numpy: '<f8',
      safetensors: 'F64',
      bytesOf: (score) => Float64Array.of(score as number),
    };
  }
  const { dimensions, dtype } = value;
  const isBinary = dtype === 'binary' || dtype === 'ubinary';
  const numbers = isBinary ? dimensions / 8 : dimensions;
  const isFloat = dtype === 'float';
  const isSigned = dtype === 'int8' || dtype === 'binary';
  return {
    shape: [count, numbers],
    bytesPerRow: isFloat ? 4 * numbers : numbers,
    numpy: isFloat ? '<f4' : isSigned ? '|i1' : '|u1',
    safetensors: isFloat ? 'F32' : isSigned ? 'I8' : 'U8',
    bytesOf: (vector) => vector as Exclude<ResultRow['value'], number>,
  };
}
