import { HotvecError } from '../../errors.ts';

/** The value of a field that has two names, and the name that the request used, for errors. */
export interface Either<Value, Name> {
  value: Value | undefined;
  name: Name;
}

/**
 * Reads a field that another service calls otherwise.
 * @param ours its name here, which is also given where the request says nothing.
 * @throws {HotvecError} invalid_input, where both are sent and contradict each other.
 */
export function readEither<Ours extends string, Theirs extends string, Value>(
  fields: { [Name in Ours | Theirs]?: Value | undefined },
  ours: Ours,
  theirs: Theirs,
): Either<Value, Ours | Theirs> {
  const value: Value | undefined = fields[ours];
  const other: Value | undefined = fields[theirs];
  if (value !== undefined && other !== undefined && value !== other) {
    throw new HotvecError('invalid_input', `${ours} is ${value} and ${theirs} ${other}; send one of them.`, {
      param: theirs,
    });
  }
  return value === undefined && other !== undefined ? { value: other, name: theirs } : { value, name: ours };
}
