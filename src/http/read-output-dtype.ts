import { HotvecError } from '../errors.ts';
import type { OutputDtype } from './output-dtype.ts';

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
export function readOutputDtype({ output_dtype: ours, embedding_type: ofNim }: OutputDtypeFields): ReadOutputDtype {
  if (ours !== undefined && ofNim !== undefined && ours !== ofNim) {
    throw new HotvecError('invalid_input', `output_dtype is ${ours} and embedding_type ${ofNim}; send one of them.`, {
      param: 'embedding_type',
    });
  }
  if (ours === undefined && ofNim !== undefined) return { dtype: ofNim, dtypeName: 'embedding_type' };
  return { dtype: ours ?? 'float', dtypeName: 'output_dtype' };
}
