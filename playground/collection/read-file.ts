import type { Rows } from './open-rows.ts';
import { type TableFormat, UnreadableTableError } from './read-table.ts';
import type { FromTableWorker, TableBeginning, ToTableWorker } from './table.worker.ts';
import type { ColumnChoice } from './table-columns.ts';

/** A file that was read, in a worker that holds it until its texts were taken. */
export interface OpenFile {
  name: string;
  beginning: TableBeginning;
  /** Its texts. Call it once: the worker ends with it. */
  take: (choice: ColumnChoice) => Promise<Rows & { hasMore: boolean }>;
  close: () => void;
}

/** Reads a file, or what was pasted, without keeping the page from anything. @throws {UnreadableTableError} */
export async function readFile(name: string, source: File | string, format: TableFormat): Promise<OpenFile> {
  const worker = new Worker(new URL('./table.worker.ts', import.meta.url), { type: 'module' });
  const tell = (message: ToTableWorker) => worker.postMessage(message);
  const close = () => worker.terminate();
  try {
    tell({ read: source, format });
    const first = await nextMessage(worker, (message) => (message.kind === 'read' ? message : null));
    return {
      name,
      beginning: first.beginning,
      take: async (choice) => {
        const texts: string[] = [];
        const columns: string[][] = [];
        tell({ take: choice });
        const { textName, columnNames, hasMore } = await nextMessage(worker, (message) => {
          if (message.kind === 'end') return message;
          if (message.kind !== 'part') return null;
          for (const text of message.texts) texts.push(text);
          for (const [place, cells] of message.columns.entries()) {
            columns[place] ??= [];
            for (const cell of cells) columns[place].push(cell);
          }
          return null;
        });
        close();
        const named = Object.fromEntries(columnNames.map((column, place) => [column, columns[place] ?? []]));
        return { name, texts, textName, columns: named, hasMore };
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** What `pick` makes of the first message that it does not return null for. @throws {UnreadableTableError} */
function nextMessage<Picked>(worker: Worker, pick: (message: FromTableWorker) => Picked | null): Promise<Picked> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromTableWorker>) => {
      if (data.kind === 'unreadable') reject(new UnreadableTableError(data.why));
      const picked = pick(data);
      if (picked !== null) resolve(picked);
    };
    worker.onerror = ({ message }) =>
      reject(new UnreadableTableError(`The reader of files ended: ${message ?? 'it was not loaded'}.`));
  });
}
