import type { ErrorCode, HotvecError } from '../../errors.ts';
import { errorTable } from './error-table.ts';

/** An error as the OpenAI API writes it: what its envelope holds. */
export interface ErrorFields {
  message: string;
  type: string;
  param: string | null;
  code: ErrorCode;
}

export function errorFields({ message, param, code }: HotvecError): ErrorFields {
  return { message, type: errorTable[code].type, param, code };
}
