import { batch, signal } from '@preact/signals';
import { openRows } from '../collection/open-rows.ts';
import { type OpenFile, readFile } from '../collection/read-file.ts';
import { MOST_ROWS, type TableFormat } from '../collection/read-table.ts';
import type { ColumnChoice } from '../collection/table-columns.ts';
import { acceptedExtensions, tableFormat } from '../collection/table-format.ts';

/** What is being done to a file that is not open yet; null: nothing. */
export const opening = signal<string | null>(null);
/** A file whose columns a person has to choose from. */
export const toChooseFrom = signal<OpenFile | null>(null);
/** Why the last one was not opened. */
export const openingProblem = signal<string | null>(null);
/** What of the last one was left out. */
export const leftOut = signal<string | null>(null);

/** Opens a file that was dropped or chosen. */
export async function openFile(file: File): Promise<void> {
  const format = tableFormat(file.name);
  if (format === null) {
    openingProblem.value = `${file.name} was not opened: it is none of ${acceptedExtensions.replaceAll(',', ', ')}.`;
    return;
  }
  await openSource(file.name, file, format);
}

/** Opens texts that were pasted, one a line. */
export async function openPasted(text: string): Promise<void> {
  await openSource('Pasted texts', text, 'txt');
}

/** Does what someone asked for, which ends with another collection open, and takes them to where they can search it. */
export async function openBy(what: string, work: () => Promise<void>): Promise<void> {
  await showOpening(what, work);
  if (toChooseFrom.value === null) focusSearch();
}

/** Says what is being done while it is; what goes wrong is said in {@link openingProblem}. */
export async function showOpening(what: string, work: () => Promise<void>): Promise<void> {
  batch(() => {
    toChooseFrom.value?.close();
    toChooseFrom.value = null;
    openingProblem.value = null;
    leftOut.value = null;
    opening.value = what;
  });
  try {
    await work();
  } catch (error) {
    openingProblem.value = error instanceof Error ? error.message : String(error);
  } finally {
    opening.value = null;
  }
}

async function openSource(name: string, source: File | string, format: TableFormat): Promise<void> {
  await openBy(`Reading ${name}…`, async () => {
    try {
      const file = await readFile(name, source, format);
      if (format === 'txt') await takeTexts(file, { textColumn: 0, firstRowNames: false });
      else toChooseFrom.value = file;
    } catch (error) {
      throw new Error(`${name} was not opened. ${error instanceof Error ? error.message : error}`);
    }
  });
}

/** Opens the file that is chosen from. */
export async function openChosen(file: OpenFile, choice: ColumnChoice): Promise<void> {
  opening.value = `Reading ${file.name}…`;
  try {
    await takeTexts(file, choice);
  } catch (error) {
    openingProblem.value = `${file.name} was not opened. ${error instanceof Error ? error.message : error}`;
  } finally {
    batch(() => {
      toChooseFrom.value = null;
      opening.value = null;
    });
    focusSearch();
  }
}

/** Leaves it. */
export function closeChoice(): void {
  toChooseFrom.value?.close();
  toChooseFrom.value = null;
}

async function takeTexts(file: OpenFile, choice: ColumnChoice): Promise<void> {
  const { hasMore, ...rows } = await file.take(choice);
  const { blankLines } = file.beginning;
  const words = [
    hasMore ? `The first ${MOST_ROWS.toLocaleString('en')} rows were taken; it has more.` : '',
    blankLines > 0
      ? `${blankLines.toLocaleString('en')} blank ${blankLines === 1 ? 'line was' : 'lines were'} left out.`
      : '',
  ].filter((sentence) => sentence !== '');
  leftOut.value = words.length === 0 ? null : words.join(' ');
  await openRows(rows);
}

/** What was pressed is gone by now, and with it the place where the keyboard was. */
function focusSearch(): void {
  setTimeout(() => document.getElementById('search-query')?.focus());
}
