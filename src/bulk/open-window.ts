import { cellJson } from '../bulk-files/cell-json.ts';
import type { Row } from '../bulk-files/rows.ts';
import type { CallQueue, SizedItem } from './call-queue.ts';
import type { KnownTexts } from './known-texts.ts';
import { type Item, isRowError, type Result, type RowError } from './result-source.ts';
import type { RowWindow } from './row-windows.ts';
import { DIGEST_BYTES, NO_DIGEST } from './text-digest.ts';
import type { ValueRecord } from './value-record.ts';
import type { DoneWindow, WorkFolder } from './work-folder.ts';

/** A window that is being computed. */
export interface OpenWindow {
  window: RowWindow;
  /** Rows whose texts are computed, by their place in the window, and what comes of them. */
  computed: readonly number[];
  results: Promise<readonly Result[]>;
  /** The others that have texts: place in the window → row of the run that had the same first. */
  copies: ReadonlyMap<number, number>;
}

/** Begins to compute what no row before had. */
export function openWindow(window: RowWindow, known: KnownTexts, queue: CallQueue): OpenWindow {
  const computed: number[] = [];
  const copies = new Map<number, number>();
  for (const [i, { texts }] of window.rows.entries()) {
    if (texts === null) continue;
    const digest = digestAt(window, i);
    const same = known.find(digest);
    if (same !== undefined) copies.set(i, same);
    else {
      known.add(digest, window.first + i);
      computed.push(i);
    }
  }
  const results = queue.compute(computed.map((i) => sizedItem(window, i)));
  // It is awaited in turn, behind windows that may fail before.
  results.catch(() => {});
  return { window, computed, results, copies };
}

export interface FinishOptions {
  record: ValueRecord;
  /** All rows before the window are done there. */
  work: WorkFolder;
  queue: CallQueue;
}

/** Waits for the results of a window, when all windows before are done. */
export async function finishWindow(
  { window, computed, results, copies }: OpenWindow,
  { record, work, queue }: FinishOptions,
): Promise<Omit<DoneWindow, 'tokens'>> {
  const { first, rows } = window;
  const values = Buffer.alloc(rows.length * record.bytes);
  const recordAt = (i: number) => values.subarray(i * record.bytes, (i + 1) * record.bytes);
  const errors = new Map<number, RowError>();
  const keep = (i: number, result: Result) => {
    if (isRowError(result)) errors.set(i, result);
    else record.write(result, recordAt(i));
  };
  for (const [i, { problem }] of rows.entries()) {
    if (problem !== null) errors.set(i, { code: 'invalid_input', message: problem });
  }
  const found = await results;
  for (const [n, i] of computed.entries()) keep(i, found[n] as Result);
  let shared = 0;
  /** Whose first row failed, in a window before: what it failed of is not kept. */
  const again: number[] = [];
  for (const [i, row] of copies) {
    const own = errors.get(row - first);
    const isDone = row < first && work.hasDigest(row, digestAt(window, i));
    if (own !== undefined) errors.set(i, own);
    else if (row < first && !isDone) again.push(i);
    else {
      if (isDone) work.copyValue(row, recordAt(i));
      else recordAt(row - first).copy(recordAt(i));
      shared += 1;
    }
  }
  const late = await queue.compute(again.map((i) => sizedItem(window, i)));
  for (const [n, i] of again.entries()) keep(i, late[n] as Result);

  const digests = Buffer.from(window.digests);
  for (const i of errors.keys()) NO_DIGEST.copy(digests, i * DIGEST_BYTES);
  const failures = [...errors].sort(([a], [b]) => a - b).map(([i, error]) => failureLine(window, i, error));
  return {
    rows: rows.length,
    values,
    digests,
    failures: Buffer.from(failures.join('')),
    failed: errors.size,
    shared,
  };
}

/** Never the text: the file may be sent to whoever is to find out. */
function failureLine({ rows }: RowWindow, i: number, error: RowError): string {
  const { number, place, id, idType } = rows[i] as Row;
  const told = { row: number, place: JSON.stringify(place), id: cellJson(id, idType), error: JSON.stringify(error) };
  const fields = Object.entries(told).map(([name, json]) => `"${name}":${json}`);
  return `{${fields.join(',')}}\n`;
}

function digestAt({ digests }: RowWindow, i: number): Buffer {
  return digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
}

function sizedItem({ rows, bytes }: RowWindow, i: number): SizedItem {
  return { item: rows[i]?.texts as Item, bytes: bytes[i] as number };
}
