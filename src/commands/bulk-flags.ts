import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Shard } from '../bulk/shard.ts';
import { type OutputFormat, outputFormats, type RowFormat, rowFormats } from '../bulk-files/rows.ts';
import { packageVersion } from '../package-info.ts';
import { describeSettings } from '../settings/config.ts';
import { unusedFlag } from '../settings/setting-text.ts';
import type { UsedSettings } from './used-settings.ts';

/** A flag of a command, beside the settings. */
export interface Flag {
  /** What stands for its value in the help; left out: it takes none, and `--no-NAME` says the contrary. */
  value?: string;
  short?: string;
  description: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** What the commands that work on files have in common. */
export const FILE_FLAGS = {
  output: { value: 'FILE', short: 'o', description: 'The file to write: .parquet, .npy, .jsonl or .safetensors' },
  'output-format': {
    value: 'FORMAT',
    description: `${outputFormats.join(', ')}, where the name of the file does not say it`,
  },
  'input-format': {
    value: 'FORMAT',
    description: `${rowFormats.join(', ')}: of standard input, or of all inputs, whatever their names say`,
  },
  'id-column': {
    value: 'NAME',
    description: 'Column that tells rows apart in the output; without it, their numbers from 0',
  },
  keep: { value: 'NAMES', description: 'Other columns to keep in the output, comma-separated' },
  overwrite: { description: 'Replace the output if it is there, and begin anew if a run was interrupted' },
  'skip-existing': { description: 'Do nothing if the output is there: it is never there before it is whole' },
  shard: {
    value: 'I/N',
    description: 'Only part I of N, from 0: whole files where there are as many as shards, else rows',
  },
  quiet: { description: 'Show no progress' },
  help: { short: 'h', description: 'Show this' },
} as const satisfies Flags;

/** Of commands that score pairs of texts. */
export const PAIR_FLAGS = {
  'query-column': { value: 'NAME', description: 'Column of the first text of a pair [query]' },
  'document-column': { value: 'NAME', description: 'Column of the second [document]' },
} as const satisfies Flags;

/** A command line that cannot be meant; the process exits with code 64 (EX_USAGE of sysexits.h). */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A command line, taken apart. */
export interface ReadFlags {
  inputs: readonly string[];
  /** By name; of a flag that was given twice, the last. */
  values: Readonly<Record<string, string | undefined>>;
  /** All values of a flag, for those that may be repeated. */
  lists: Readonly<Record<string, readonly string[]>>;
  /** Flags without a value; undefined: not given. */
  switches: Readonly<Record<string, boolean | undefined>>;
  /** The settings among them, as `readConfig` takes them. */
  settings: readonly string[];
}

/** The flags of a command, its own and those that are settings. */
export interface CommandFlags {
  /** Its name. */
  command: string;
  flags: Flags;
  used: UsedSettings;
}

/**
 * Tells the flags of a command, settings and inputs apart.
 * @throws {UsageError} for a flag that is neither, and for a setting that the command has no use for.
 */
export function readFlags({ command, flags, used }: CommandFlags, args: readonly string[]): ReadFlags {
  const all = new Map(describeSettings().map(({ flag, name }) => [flag.slice(2), name]));
  const settings = [...all.keys()];
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(settings.map((name) => [name, { type: 'string' as const }])),
      ...Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, optionOf(flag)])),
    },
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  const inputs: string[] = [];
  const values: Record<string, string> = {};
  const lists: Record<string, string[]> = {};
  const switches: Record<string, boolean> = {};
  const given: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') inputs.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const flag = flags[name];
    const setting = all.get(name);
    if (flag === undefined && setting === undefined) {
      throw new UsageError(`There is no flag ${rawName}; hotvec ${command} --help lists them.`);
    }
    if (flag === undefined && setting !== undefined && !used.has(setting)) throw new UsageError(unusedFlag(setting));
    const isSwitch = flag !== undefined && flag.value === undefined;
    if (isSwitch && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    // `--keep --model NAME` lacks one; one that begins so can be given with an equals sign.
    const isForgotten = value === undefined || (value.startsWith('--') && token.inlineValue === false);
    if (!isSwitch && isForgotten) throw new UsageError(`${rawName} needs a value.`);
    if (isSwitch) switches[name] = !rawName.startsWith('--no-');
    else if (flag === undefined) given.push(`--${name}=${value}`);
    else {
      values[name] = value as string;
      lists[name] = [...(lists[name] ?? []), value as string];
    }
  }
  return { inputs, values, lists, switches, settings: given };
}

/** What the command is, its flags and the settings. */
export function flagsHelp(usage: string, description: string, { flags, used }: CommandFlags): string {
  const own = Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '' : `-${flag.short}, `;
    return `  ${`${short}--${name} ${flag.value ?? ''}`.padEnd(28)} ${flag.description}`;
  });
  const shown = describeSettings().filter(({ name }) => used.has(name));
  const settings = shown.map(
    ({ flag, variable, description: meaning, default: byDefault }) =>
      `  ${flag.padEnd(24)} ${variable.padEnd(20)} ${meaning} [${byDefault}]`,
  );
  return [
    `hotvec ${packageVersion}`,
    `Usage: ${usage}\n\n${description}`,
    `Flags:\n${own.join('\n')}`,
    `Settings, as of hotvec serve: flag, environment variable, meaning [default]:\n${settings.join('\n')}\n`,
  ].join('\n\n');
}

/** @throws {UsageError} */
export function readOutput({ values }: ReadFlags): { output: string; format: OutputFormat } {
  const { output, 'output-format': named } = values;
  if (output === undefined || output === '') throw new UsageError('--output is missing: the file to write.');
  if (output.endsWith('/') || output.endsWith(path.sep)) {
    throw new UsageError(`--output ${output} is a folder, and not the file to write.`);
  }
  if (output === '-') throw new UsageError('--output is -, but results are written to a file: its end may come first.');
  const format = named ?? path.extname(output).slice(1);
  const known = outputFormats.find((one) => one === format);
  if (known !== undefined) return { output, format: known };
  throw new UsageError(
    named === undefined
      ? `--output ${output} does not end in ${listed(outputFormats.map((one) => `.${one}`))}; say which with --output-format.`
      : `--output-format is ${named}, not ${listed(outputFormats)}.`,
  );
}

/** @throws {UsageError} */
export function readInputFormat({ values, inputs }: ReadFlags): RowFormat | undefined {
  const named = values['input-format'];
  if (inputs.length === 0) throw new UsageError('No input is given: files, folders, globs, or - for standard input.');
  if (inputs.filter((input) => input === '-').length > 1)
    throw new UsageError('- is given twice; it can be read once.');
  if (named === undefined) {
    if (inputs.includes('-')) throw new UsageError('- needs --input-format.');
    return undefined;
  }
  return oneOf('input-format', named, rowFormats);
}

/** @throws {UsageError} */
export function readShard({ values: { shard }, inputs }: ReadFlags): Shard | null {
  if (shard === undefined) return null;
  const [, index, of] = /^(\d{1,7})\/(\d{1,7})$/.exec(shard) ?? [];
  if (of === undefined || Number(index) >= Number(of)) {
    throw new UsageError(`--shard is ${shard}; expected I/N, with I from 0 to N - 1.`);
  }
  if (inputs.includes('-')) throw new UsageError('--shard needs files: standard input cannot be divided.');
  return { index: Number(index), of: Number(of) };
}

/** The columns of a pair, and what a run that is continued must find of them. */
export function readPairColumns({ values }: ReadFlags): {
  columns: readonly [string, string];
  conditions: Record<string, string>;
} {
  const { 'query-column': query = 'query', 'document-column': document = 'document' } = values;
  return { columns: [query, document], conditions: { '--query-column': query, '--document-column': document } };
}

/** Names, separated by commas. */
export function readNames(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(',').map((name) => name.trim());
}

/** @throws {UsageError} */
export function oneOf<Value extends string>(flag: string, value: string, values: readonly Value[]): Value {
  const found = values.find((one) => one === value);
  if (found === undefined) throw new UsageError(`--${flag} is ${value}, not ${listed(values)}.`);
  return found;
}

function optionOf({ value, short }: Flag) {
  return { type: value === undefined ? ('boolean' as const) : ('string' as const), ...(short ? { short } : {}) };
}

function listed(values: readonly string[]): string {
  return `one of ${values.join(', ')}`;
}
