import type { Collection } from '../../collection/collection.ts';
import type { ExportFormat, FromExportWorker, ToExportWorker } from './export.worker.ts';
import type { ExportColumns } from './export-rows.ts';

/** Copied at once: a few milliseconds. */
const FLOATS_A_PART = 2 ** 20;
const MOST_ROWS_A_PART = 1000;

/**
 * Writes the texts that are embedded, their columns and vectors into a file, in a worker that is loaded for it.
 * @throws {Error} in words for people.
 */
export async function exportCollection(open: Collection, format: ExportFormat): Promise<Blob> {
  const worker = new Worker(new URL('./export.worker.ts', import.meta.url), { type: 'module' });
  const ask = (message: ToExportWorker, transfer: Transferable[] = []) =>
    new Promise<FromExportWorker>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`The file could not be written: ${why}`));
      worker.onmessage = ({ data }: MessageEvent<FromExportWorker>) =>
        data.kind === 'failed' ? fail(data.why) : resolve(data);
      worker.onerror = ({ message: why }) => fail(why || 'its writer was not loaded.');
      worker.postMessage(message, transfer);
    });
  try {
    const { texts, columns, vectors, embedded, failed, dimensions, model, fingerprint, textName } = open;
    const others = Object.keys(columns);
    const facts: ExportColumns = { text: textName, others, hasFailed: failed.size > 0, dimensions, model, fingerprint };
    await ask({ kind: 'begin', format, columns: facts });
    const rowsAPart = Math.min(MOST_ROWS_A_PART, Math.max(1, Math.floor(FLOATS_A_PART / dimensions)));
    for (let first = 0; first < embedded; first += rowsAPart) {
      const end = Math.min(embedded, first + rowsAPart);
      const part = vectors.slice(first * dimensions, end * dimensions);
      const rows = {
        texts: texts.slice(first, end),
        others: others.map((name) => columns[name]?.slice(first, end) ?? []),
        vectors: part,
        failed: [...failed]
          .filter(([row]) => row >= first && row < end)
          .map(([row, why]) => [row - first, why] as const),
      };
      await ask({ kind: 'rows', rows }, [part.buffer]);
    }
    const answer = await ask({ kind: 'end' });
    if (answer.kind !== 'file') throw new Error(`An end was answered by ${answer.kind}`);
    return answer.file;
  } finally {
    worker.terminate();
  }
}
