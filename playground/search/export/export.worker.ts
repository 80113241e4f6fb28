import type { ExportColumns, ExportedRows } from './export-rows.ts';
import { jsonLines } from './json-lines.ts';

export type ExportFormat = 'jsonl' | 'parquet';

/** First what is written, then the rows, part by part, then the end. */
export type ToExportWorker =
  | { kind: 'begin'; format: ExportFormat; columns: ExportColumns }
  | { kind: 'rows'; rows: ExportedRows }
  | { kind: 'end' };

/** An answer to each message; `file`: to the last. */
export type FromExportWorker = { kind: 'next' } | { kind: 'file'; file: Blob } | { kind: 'failed'; why: string };

interface FileWriter {
  write: (rows: ExportedRows) => BlobPart;
  finish: () => BlobPart;
  type: string;
}

let writer: FileWriter;
/** Blobs, which the browser may put on the disk. */
const parts: Blob[] = [];

addEventListener('message', async ({ data }: MessageEvent<ToExportWorker>) => {
  // Nobody hears what an asynchronous listener throws.
  const answer = await follow(data).catch((error: unknown) => ({ kind: 'failed' as const, why: String(error) }));
  postMessage(answer);
});

async function follow(message: ToExportWorker): Promise<FromExportWorker> {
  if (message.kind === 'begin') {
    writer = await WRITERS[message.format](message.columns);
    return { kind: 'next' };
  }
  parts.push(new Blob([message.kind === 'rows' ? writer.write(message.rows) : writer.finish()]));
  if (message.kind === 'rows') return { kind: 'next' };
  return { kind: 'file', file: new Blob(parts, { type: writer.type }) };
}

const WRITERS: Record<ExportFormat, (columns: ExportColumns) => Promise<FileWriter>> = {
  jsonl: async (columns) => ({
    write: (rows) => jsonLines(columns, rows),
    finish: () => '',
    type: 'application/jsonl',
  }),
  parquet: async (columns) => {
    const { parquetRows } = await import('./parquet-writer.ts');
    return { ...parquetRows(columns), type: 'application/vnd.apache.parquet' };
  },
};
