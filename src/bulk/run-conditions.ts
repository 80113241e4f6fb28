import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { InputFile } from '../bulk-files/rows.ts';
import { writeDurably } from '../durable/write-durably.ts';
import { StartError } from '../errors.ts';
import type { SourceFacts } from './result-source.ts';

/** What a run that is continued must find as it was: else the file would be of two kinds. */
export interface RunConditions {
  version: string;
  /** What was asked for, by flag; null: the flag was not given. */
  flags: Readonly<Record<string, string | null>>;
  inputs: readonly InputFile[];
  source: SourceFacts;
  /** The output was there when the run began, and is to be replaced. */
  replaces: boolean;
}

/** Without it, nothing in the folder is of any run. */
export const CONDITIONS_FILE = 'run.json';

/** What was written there; null: nothing was, so nothing was computed. */
export async function readConditions(folder: string): Promise<RunConditions | null> {
  try {
    return JSON.parse(await readFile(path.join(folder, CONDITIONS_FILE), 'utf8')) as RunConditions;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Written at once or not at all. */
export async function writeConditions(folder: string, conditions: RunConditions): Promise<void> {
  await writeDurably(path.join(folder, CONDITIONS_FILE), `${JSON.stringify(conditions, null, 2)}\n`);
}

/**
 * @param folder where the run was begun, for the message.
 * @param now as far as it is known: the source is opened last.
 * @throws {StartError} what is different, and what to do.
 */
export function checkConditions(folder: string, begun: RunConditions, now: Partial<RunConditions>): void {
  const difference = differenceOf(begun, now);
  if (difference === undefined) return;
  throw new StartError(
    `${folder} is of a run that was begun otherwise: ${difference} Go on as it was begun, or begin anew with --overwrite.`,
  );
}

function differenceOf(begun: RunConditions, now: Partial<RunConditions>): string | undefined {
  if (now.version !== undefined && now.version !== begun.version) {
    return `by hotvec ${begun.version}, and this is ${now.version}.`;
  }
  for (const [flag, value] of Object.entries(now.flags ?? {})) {
    const before = begun.flags[flag] ?? null;
    if (value !== before) return `${flag} was ${shown(before)}, and is ${shown(value)}.`;
  }
  if (now.inputs !== undefined) {
    const change = changeOfInputs(begun.inputs, now.inputs);
    if (change !== undefined) return change;
  }
  for (const [name, value] of Object.entries(now.source ?? {})) {
    const before = begun.source[name as keyof SourceFacts];
    if (value !== before) return `${name} of the model was ${before}, and is ${value}.`;
  }
  return undefined;
}

function changeOfInputs(before: readonly InputFile[], now: readonly InputFile[]): string | undefined {
  if (before.length !== now.length) return `there were ${before.length} input files, and are ${now.length}.`;
  for (const [i, file] of now.entries()) {
    const { path, bytes, modifiedMs } = before[i] as InputFile;
    if (path !== file.path) return `input ${i + 1} was ${path}, and is ${file.path}.`;
    if (bytes !== file.bytes) return `${path} had ${bytes} bytes, and has ${file.bytes}.`;
    if (modifiedMs !== file.modifiedMs) return `${path} was written to since.`;
  }
  return undefined;
}

function shown(value: string | null): string {
  return value === null ? 'not given' : JSON.stringify(value);
}
