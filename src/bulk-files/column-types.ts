import { isDeepStrictEqual } from 'node:util';
import type { Cell, ColumnType } from './rows.ts';

/** The type of a cell of JSON; null for null: it says nothing of its column. */
export function typeOfCell(cell: Cell): ColumnType | null {
  switch (typeof cell) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'number':
      return Number.isSafeInteger(cell) && !Object.is(cell, -0) ? 'int64' : 'double';
    default:
      return cell === null ? null : 'json';
  }
}

/**
 * The type that holds the cells of both; null: nothing is known of either.
 * @returns undefined where there is none: a Parquet column of a type of its own, and another one.
 */
export function mergeTypes(a: ColumnType | null, b: ColumnType | null): ColumnType | null | undefined {
  if (a === null || b === null) return a ?? b;
  if (isDeepStrictEqual(a, b)) return a;
  if (typeof a === 'object' || typeof b === 'object') return undefined;
  const isNumeric = (type: ColumnType) => type === 'int64' || type === 'double';
  return isNumeric(a) && isNumeric(b) ? 'double' : 'json';
}
