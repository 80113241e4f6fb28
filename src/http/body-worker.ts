import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { type BodyOutcome, BodyReader, type BodyRules } from './read-body.ts';

// Entry of the worker thread that reads large bodies; started by large-bodies.ts through Piscina.

export interface BodyTask {
  bytes: Uint8Array;
  schema: string | undefined;
}

const reader = new BodyReader(workerData as BodyRules);

/** Reads a body. Token ids come back as numbers in one buffer, which is moved: copying millions would take long. */
export function readBody({ bytes, schema }: BodyTask): unknown {
  const outcome = reader.read(bytes, schema);
  if (!outcome.isValid || typeof outcome.value !== 'object' || outcome.value === null) return outcome;
  const { input, ...fields } = outcome.value as Record<string, unknown>;
  if (!isTokenIds(input)) return outcome;
  const lists = typeof input[0] === 'number' ? [input as number[]] : (input as number[][]);
  // As doubles, as JSON has them: what is no token id is refused with its own value.
  const numbers = new Float64Array(lists.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  const packed = lists.map((list) => {
    const start = end;
    numbers.set(list, start);
    end += list.length;
    return numbers.subarray(start, end);
  });
  const value = { ...fields, input: lists[0] === input ? packed[0] : packed };
  return move({
    [transferableSymbol]: numbers.buffer,
    [valueSymbol]: { isValid: true, value } satisfies BodyOutcome,
  } as never);
}

function isTokenIds(input: unknown): input is number[] | number[][] {
  return Array.isArray(input) && typeof input[0] !== 'string';
}
