import { workerData } from 'node:worker_threads';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { type ErrorCode, HotvecError } from '../../errors.ts';
import { BodyReader, type BodyRules } from './read-body.ts';

// Entry of the worker thread that reads large bodies; started by large-bodies.ts through Piscina.

export interface BodyTask {
  bytes: Uint8Array;
  schema: string | undefined;
}

/** A body that was read, or what is wrong with it: errors of our own classes do not cross to another thread. */
export type BodyOutcome = {
  /** Name of the schema that holds for it, where that was found out. */
  form: string | undefined;
} & ({ isValid: true; value: unknown } | { isValid: false; code: ErrorCode; message: string; param: string | null });

const reader = new BodyReader(workerData as BodyRules);

/** Reads a body. Numbers come back in one buffer, which is moved: copying millions would take long. */
export function readBody({ bytes, schema }: BodyTask): unknown {
  let form: string | undefined;
  const onForm = (found: string) => {
    form = found;
  };
  try {
    return packed(reader.read(bytes, schema, onForm), form);
  } catch (error) {
    if (!(error instanceof HotvecError)) throw error;
    const { code, message, param } = error;
    return { isValid: false, form, code, message, param } satisfies BodyOutcome;
  }
}

function packed(read: unknown, form: string | undefined): unknown {
  let total = 0;
  const value = mapNumberLists(read, (list) => {
    total += list.length;
    return list;
  });
  if (total === 0) return { isValid: true, form, value: read } satisfies BodyOutcome;
  // As doubles, like JSON numbers: anything that is not a token id is refused with its own value.
  const numbers = new Float64Array(total);
  let end = 0;
  const moved = mapNumberLists(value, (list) => {
    const start = end;
    numbers.set(list, start);
    end += list.length;
    return numbers.subarray(start, end);
  });
  return move({
    [transferableSymbol]: numbers.buffer,
    [valueSymbol]: { isValid: true, form, value: moved } satisfies BodyOutcome,
  } as never);
}

/** A copy of the JSON in which each list of numbers is what `replace` makes of it. Lists that a schema describes are of one kind, and not deep. */
function mapNumberLists(value: unknown, replace: (list: number[]) => ArrayLike<number>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, mapNumberLists(field, replace)]));
  }
  if (typeof value[0] === 'number') return replace(value as number[]);
  return value.map((item) => mapNumberLists(item, replace));
}
