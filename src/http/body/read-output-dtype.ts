import type { OutputDtype } from './output-dtype.ts';
import { readEither } from './read-either.ts';

export interface OutputDtypeFields {
  output_dtype?: OutputDtype | undefined;
  /** NIM's word for the same. */
  embedding_type?: OutputDtype | undefined;
}

/** How vectors are answered, and the field that says it, for errors. */
export interface ReadOutputDtype {
  dtype: OutputDtype;
  dtypeName: 'output_dtype' | 'embedding_type';
}

/** @throws {HotvecError} invalid_input, where the two fields contradict each other. */
export function readOutputDtype(fields: OutputDtypeFields): ReadOutputDtype {
  const { value, name } = readEither(fields, 'output_dtype', 'embedding_type');
  return { dtype: value ?? 'float', dtypeName: name };
}
