import type { TableFormat } from './read-table.ts';

const FORMATS: Readonly<Record<string, TableFormat>> = {
  txt: 'txt',
  csv: 'csv',
  tsv: 'csv',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
};

/** What a file is read as, by its extension; null: not one that is read. */
export function tableFormat(fileName: string): TableFormat | null {
  const extension = /\.([^.]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(FORMATS, extension) ? (FORMATS[extension] ?? null) : null;
}

/** For the file dialog. */
export const acceptedExtensions = Object.keys(FORMATS)
  .map((extension) => `.${extension}`)
  .join(',');
