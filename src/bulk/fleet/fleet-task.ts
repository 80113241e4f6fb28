import type { Item, Result, RowError } from '../result-source.ts';

/** What is asked of servers, and how their answers are read. */
export interface FleetTask {
  path: string;
  /** Name that is asked for; null: none. */
  model: string | null;
  /** Codes of errors for which a server refuses a request, and which are of its items, not of all that is asked. */
  faults: readonly string[];
  bodyOf: (items: readonly Item[]) => unknown;
  /**
   * @returns the name of the model, one result an item, same order, and the tokens of all.
   * @throws {Error} the answer is of another form.
   */
  read: (answer: unknown, items: number) => { model: string; results: Result[]; tokens: number };
  /** What a server is asked first. */
  probe: Item;
}

/** An error that calls its text as a run of our own engine does, whatever its place in a request. */
export function rowError(error: { code: string; message: string }, name: string, column: string): RowError {
  return { code: error.code as RowError['code'], message: error.message.replaceAll(name, column) };
}
