import { mergeTypes, typeOfCell } from './column-types.ts';
import { brokenRow, checkColumns, type FileRow, type FileRows, rowOf, type WantedColumns } from './file-rows.ts';
import type { Input } from './find-inputs.ts';
import { type Progress, readHead } from './read-bytes.ts';
import { readLines } from './read-lines.ts';
import type { Cell, ColumnType } from './rows.ts';

/** Numbers that JSON.parse changes: an integer of so many digits may be rounded, and one as large as these infinite. */
const CHANGED_NUMBERS = [
  { pattern: /\d{16}/, isChanged: isRounded, name: 'an integer above 2^53' },
  { pattern: /e\+?\d{3}|\d{300}/i, isChanged: isInfinite, name: 'a number above 1.8e308' },
] as const;

type JsonObject = Record<string, Cell>;

/**
 * A file of JSON Lines: an object a line. Empty lines are passed over and are no rows.
 * @throws {StartError} for a file that cannot be read or is no text, and for a column that none of its first objects has.
 */
export async function openJsonLines(input: Input, wanted: WantedColumns): Promise<FileRows> {
  const { names, lines } = await columnsOf(input);
  // A field may be missing in some rows, and a long first line says nothing.
  if (names.length > 0) checkColumns(input, wanted, { names, where: ` in its first ${lines} lines` });
  return {
    count: null,
    idType: 'json',
    columnTypes: () => readTypes(input, wanted),
    async *rows(skip, progress) {
      for await (const lines of placedLines(input, progress)) {
        const passed = Math.min(skip.left, lines.length);
        skip.left -= passed;
        if (passed < lines.length) yield lines.slice(passed).map((line) => rowOfLine(line, wanted));
      }
    },
  };
}

interface PlacedLine {
  text: string | null;
  place: string;
}

/** Lines that are rows. */
async function* placedLines(input: Input, progress: Progress): AsyncGenerator<PlacedLine[]> {
  let number = 0;
  for await (const lines of readLines(input, progress)) {
    const placed: PlacedLine[] = [];
    for (const text of lines) {
      number += 1;
      if (text === null || text.trim() !== '') placed.push({ text, place: `${input.name}, line ${number}` });
    }
    yield placed;
  }
}

function rowOfLine({ text, place }: PlacedLine, wanted: WantedColumns): FileRow {
  if (text === null) return brokenRow(place, 'it is not valid UTF-8', wanted);
  const object = parseObject(text);
  if (object === null) return brokenRow(place, 'it is no JSON object', wanted);
  const row = rowOf({ place, wanted, cell: (column) => (Object.hasOwn(object, column) ? object[column] : undefined) });
  if (row.texts === null) return row;
  const cells = [row.id, ...row.kept];
  for (const { pattern, isChanged, name } of CHANGED_NUMBERS) {
    const changed = cells.findIndex(isChanged);
    // The pattern last: it reads the whole line, most of which is text.
    if (changed < 0 || !pattern.test(text)) continue;
    const problem = `${JSON.stringify([wanted.idColumn, ...wanted.keep][changed])} has ${name}; write it as a string`;
    return { ...row, id: changed === 0 ? null : row.id, texts: null, problem };
  }
  return row;
}

function parseObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

/** Whether an integer of more digits than a double holds may have been read as another one. */
function isRounded(cell: Cell | undefined): boolean {
  if (typeof cell === 'number') return Number.isInteger(cell) && !Number.isSafeInteger(cell);
  return typeof cell === 'object' && cell !== null && Object.values(cell).some(isRounded);
}

function isInfinite(cell: Cell | undefined): boolean {
  if (typeof cell === 'number') return !Number.isFinite(cell);
  return typeof cell === 'object' && cell !== null && Object.values(cell).some(isInfinite);
}

/** Names of the fields of the objects in the first megabyte, and how many lines that are. */
async function columnsOf(input: Input): Promise<{ names: string[]; lines: number }> {
  const names = new Set<string>();
  const lines = (await readHead(input)).toString().split('\n');
  for (const line of lines) {
    for (const name of Object.keys(parseObject(line) ?? {})) names.add(name);
  }
  return { names: [...names], lines: lines.length };
}

/** Reads all of it: a field may have another type in every line. */
async function readTypes(input: Input, { idColumn, keep }: WantedColumns) {
  const columns = [...keep, ...(idColumn === null ? [] : [idColumn])];
  const types: (ColumnType | null)[] = columns.map(() => null);
  if (columns.length > 0) {
    for await (const lines of placedLines(input, { bytes: 0 })) {
      for (const { text } of lines) {
        const object = text === null ? null : parseObject(text);
        if (object === null) continue;
        for (const [i, column] of columns.entries()) {
          const type = Object.hasOwn(object, column) ? typeOfCell(object[column] as Cell) : null;
          // Of JSON alone there is always one that holds both.
          types[i] = mergeTypes(types[i] ?? null, type) ?? null;
        }
      }
    }
  }
  const id = idColumn === null ? null : (types.pop() ?? 'string');
  return { id, kept: types.map((type) => type ?? 'string') };
}
