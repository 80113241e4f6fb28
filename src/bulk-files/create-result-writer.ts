import { StartError } from '../errors.ts';
import { jsonLinesFormat } from './json-lines-format.ts';
import { npyFormat, rowsFileOf } from './npy-format.ts';
import { createResultFile, type ResultFile, type ResultFormat } from './result-file.ts';
import type { ResultWriter, ResultWriterOptions } from './rows.ts';
import { safetensorsFormat } from './safetensors-format.ts';

/**
 * Begins a file of results. The same rows give the same bytes. Memory does not grow with their number.
 *
 * - `parquet`: ids, kept columns by their types, and `embedding`, a list of a fixed size, or `score`.
 * - `npy`: the array alone; ids and kept columns are in `OUT.rows.jsonl` beside it, a line a row.
 * - `jsonl`: an object a row.
 * - `safetensors`: the tensor `embeddings` or `scores`; ids and kept columns as JSON Lines in the tensor of bytes `rows`.
 *
 * @throws {StartError} for a name that two columns would have, and a folder that is not there or cannot be written to. From
 * then on every method may throw one, for a full disk and the like.
 */
export async function createResultWriter(options: ResultWriterOptions): Promise<ResultWriter> {
  checkNames(options);
  const files: ResultFile[] = [];
  const create = async (path: string) => {
    const file = await createResultFile(path);
    files.push(file);
    return file;
  };
  const abandon = async () => {
    for (const file of files) await file.abandon();
  };
  let format: ResultFormat;
  try {
    format = await formatOf(options, create);
  } catch (error) {
    await abandon();
    throw error;
  }
  let written = 0;
  return {
    async write(rows) {
      written += rows.length;
      await format.write(rows);
    },
    async finish() {
      if (written !== options.count) throw new Error(`${written} rows were written, and ${options.count} announced`);
      await format.end();
      for (const file of files) await file.settle();
      // The file that was asked for comes last: where it is, the others are.
      for (const file of files.toReversed()) await file.publish();
    },
    abandon,
  };
}

/** The files that are written: the output, and for `npy` the one beside it. */
export function resultFilesOf({ output, format }: Pick<ResultWriterOptions, 'output' | 'format'>): string[] {
  return format === 'npy' ? [output, rowsFileOf(output)] : [output];
}

async function formatOf(
  options: ResultWriterOptions,
  create: (path: string) => Promise<ResultFile>,
): Promise<ResultFormat> {
  const file = await create(options.output);
  switch (options.format) {
    case 'parquet':
      return (await import('./parquet/parquet-format.ts')).parquetFormat(file.appendAt(0), options);
    case 'npy':
      return npyFormat(file.appendAt(0), (await create(rowsFileOf(options.output))).appendAt(0), options);
    case 'jsonl':
      return jsonLinesFormat(file.appendAt(0), options);
    case 'safetensors':
      return safetensorsFormat(file, options);
  }
}

function checkNames({ output, id, kept, value }: ResultWriterOptions): void {
  const names = [id.name, ...kept.map(({ name }) => name), value.name];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new StartError(
      `${output} would have two columns ${JSON.stringify(twice)}. Leave out the one that is kept, or rename it.`,
    );
  }
}
