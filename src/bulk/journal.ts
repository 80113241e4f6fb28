import { crc32 } from 'node:zlib';

/** What was done when a window was written, all windows before it included. */
export interface Done {
  rows: number;
  /** Rows that have no result. */
  failed: number;
  /** Rows whose texts another row had before. */
  shared: number;
  tokens: number;
  /** Bytes of the file of failures. */
  failureBytes: number;
}

export interface JournalEntry extends Done {
  /** CRC-32 of what the window added to the files, one after the other. */
  checksum: number;
}

export const NOTHING_DONE: Done = { rows: 0, failed: 0, shared: 0, tokens: 0, failureBytes: 0 };

const LINE = /^([\da-f]{8}) (\{.*\})$/;

/** `3610a686 {"rows":…}`: a line that was torn by a loss of power does not have its checksum. */
export function journalLine(entry: JournalEntry): string {
  const text = JSON.stringify(entry);
  return `${checksumOfLine(text)} ${text}\n`;
}

/** The entries up to the first line that is not whole. */
export function readJournal(text: string): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const line of text.split('\n')) {
    const [, checksum, json] = LINE.exec(line) ?? [];
    if (json === undefined || checksumOfLine(json) !== checksum) break;
    entries.push(JSON.parse(json) as JournalEntry);
  }
  return entries;
}

/** CRC-32 of several buffers, as of one. */
export function checksumOf(parts: readonly Uint8Array[]): number {
  // Of no bytes at all, zlib gives 0 for some buffers instead of the sum before.
  return parts.filter(({ length }) => length > 0).reduce((sum, part) => crc32(part, sum), 0);
}

function checksumOfLine(text: string): string {
  return crc32(text).toString(16).padStart(8, '0');
}
