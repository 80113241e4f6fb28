import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../errors.ts';
import { fileKind } from '../file-kind.ts';
import { fileError } from './file-error.ts';
import { type InputFile, type RowFormat, type RowsRequest, rowFormats } from './rows.ts';

/** Standard input, among paths. */
const STANDARD_INPUT = '-';

const EXTENSIONS: Readonly<Record<string, RowFormat>> = {
  '.txt': 'txt',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.parquet': 'parquet',
};
/** Of compressed texts; only the first is read. */
const GZIP = '.gz';
const OTHER_COMPRESSION = ['.zst', '.bz2', '.xz', '.lz4', '.zip', '.snappy', '.br'];

/** A file of rows and how it is read. */
export interface Input extends InputFile {
  /** For people: its path, or `standard input`. */
  name: string;
  format: RowFormat;
  isGzip: boolean;
}

/**
 * The files that paths, folders and globs name, in their order; those of a folder or a glob by their paths, as bytes.
 *
 * @throws {StartError} for what is not there, a glob that matches nothing, and a file of unknown format.
 */
export async function findInputs({ inputs, inputFormat, spooledInput }: RowsRequest): Promise<Input[]> {
  const found: Input[] = [];
  for (const input of inputs) {
    if (input === STANDARD_INPUT) {
      if (spooledInput === undefined) throw new Error('standard input was not spooled');
      if (inputFormat === undefined) {
        throw new StartError(`Standard input has no extension: say its format, one of ${rowFormats.join(', ')}.`);
      }
      found.push({ ...describe(spooledInput), name: 'standard input', format: inputFormat, isGzip: false });
      continue;
    }
    for (const file of await filesOf(input, inputFormat)) {
      found.push({ ...describe(file), name: file, ...formatOf(file, inputFormat) });
    }
  }
  if (found.length === 0) throw new StartError('No input was named.');
  return found;
}

async function filesOf(input: string, inputFormat: RowFormat | undefined): Promise<string[]> {
  const kind = fileKind(input);
  if (kind === 'file') return [input];
  if (kind === 'folder') return filesOfFolder(input, inputFormat);
  if (kind !== 'absent') {
    throw new StartError(
      `${input} is a ${kind}, and inputs are read more than once. Give files, or - for standard input.`,
    );
  }
  const { glob, hasMagic } = await import('glob');
  if (!hasMagic(input)) throw new StartError(`${input} cannot be read: it is not there.`);
  const matches = await glob(input, { nodir: true });
  if (matches.length === 0) throw new StartError(`${input} matches no file.`);
  return matches.sort(byBytes);
}

/**
 * The files of rows below a folder. What starts with a dot or an underscore is none: Spark and Hadoop leave `_SUCCESS` and
 * `.part-0.crc` beside theirs.
 */
function filesOfFolder(folder: string, inputFormat: RowFormat | undefined): string[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    throw fileError(error, folder, 'read');
  }
  const files = names
    .filter((name) => !name.split(path.sep).some((part) => /^[._]/.test(part)))
    .map((name) => path.join(folder, name))
    .filter((file) => formatByName(file) !== undefined && fileKind(file) === 'file');
  if (files.length === 0) {
    throw new StartError(
      `${folder} has no file of rows. They end in ${Object.keys(EXTENSIONS).join(', ')}; all but .parquet may have .gz behind it.`,
    );
  }
  const formats = new Set(files.map((file) => formatByName(file)));
  if (inputFormat === undefined && formats.size > 1) {
    throw new StartError(
      `${folder} has files of several formats (${[...formats].sort().join(', ')}). Name those to read by a glob.`,
    );
  }
  return files.sort(byBytes);
}

/** The same order on every machine, whatever its language. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function formatByName(file: string): RowFormat | undefined {
  const name = path.basename(file).toLowerCase();
  const extension = path.extname(name.endsWith(GZIP) ? name.slice(0, -GZIP.length) : name);
  const format = Object.hasOwn(EXTENSIONS, extension) ? EXTENSIONS[extension] : undefined;
  return format === 'parquet' && name.endsWith(GZIP) ? undefined : format;
}

function formatOf(file: string, inputFormat: RowFormat | undefined): Pick<Input, 'format' | 'isGzip'> {
  const compression = OTHER_COMPRESSION.find((extension) => file.toLowerCase().endsWith(extension));
  if (compression !== undefined) {
    throw new StartError(`${file}: ${compression} is not read. Decompress it, or pass its text as standard input.`);
  }
  const isGzip = file.toLowerCase().endsWith(GZIP);
  const format = inputFormat ?? formatByName(file);
  if (format === undefined) {
    throw new StartError(
      `${file} has none of the extensions ${Object.keys(EXTENSIONS).join(', ')}. Say its format, one of ${rowFormats.join(', ')}.`,
    );
  }
  if (format === 'parquet' && isGzip) {
    throw new StartError(`${file}: a Parquet file is compressed inside. Decompress it with gunzip.`);
  }
  return { format, isGzip };
}

function describe(file: string): InputFile {
  try {
    const { size, mtimeMs } = statSync(file);
    return { path: file, bytes: size, modifiedMs: mtimeMs };
  } catch (error) {
    throw fileError(error, file, 'read');
  }
}
