import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openRows } from '../../src/bulk-files/open-rows.ts';
import type { Row, RowSource, RowsRequest } from '../../src/bulk-files/rows.ts';
import { StartError } from '../../src/errors.ts';
import { packageRoot } from '../../src/package-info.ts';

const FOLDER = path.join(packageRoot, 'test/fixtures/bulk');

export function fixture(name: string): string {
  return path.join(FOLDER, name);
}

/** What is in most files of the folder; the ids are 2^53 + 1, 2^53 + 2 and so on. */
export interface FixtureRow {
  text: string;
  title: string | null;
  score: number;
  flag: boolean;
}

export const fixtureRows = JSON.parse(readFileSync(fixture('rows.json'), 'utf8')) as FixtureRow[];

export function idOfFixtureRow(index: number): bigint {
  return 2n ** 53n + 1n + BigInt(index);
}

/** Opens inputs; what is not said: texts in `text`, numbers as ids, nothing kept. */
export function open(inputs: string | string[], request: Partial<RowsRequest> = {}): Promise<RowSource> {
  return openRows({ inputs: [inputs].flat(), textColumns: ['text'], idColumn: null, keep: [], ...request });
}

export async function readAll(source: RowSource, from = 0): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of source.rows(from)) rows.push(row);
  return rows;
}

/** The one line in which work is refused. */
export async function refusal(work: () => Promise<unknown>): Promise<string> {
  const error = await work().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StartError, `a StartError, not ${error}`);
  assert.doesNotMatch(error.message, /\n/);
  return error.message;
}
