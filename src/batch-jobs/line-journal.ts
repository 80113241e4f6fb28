import type { FileHandle } from 'node:fs/promises';
import { openOrMake } from '../durable/open-or-make.ts';
import { writeAll } from '../durable/write-all.ts';
import type { LineCounts } from './batch-job.ts';
import { type AnsweredLine, readOutputLine } from './output-line.ts';
import { readLines } from './read-lines.ts';

export interface JournalFiles {
  /** Answers. */
  output: string;
  /** Lines that have none; may be the same file. */
  errors: string;
}

interface Side {
  handle: FileHandle;
  /** Bytes that are on disk, whole lines all. */
  size: number;
}

/** What a file holds of a batch. */
interface Kept {
  ordinal: number;
  isFailure: boolean;
  tokens: number;
  /** Where the line ends. */
  end: number;
}

/** How far the files are. */
export interface JournalProgress extends Omit<LineCounts, 'total'> {
  tokens: number;
}

/** The lines of both files that count. */
interface Done {
  inOutput: Kept[];
  inErrors: Kept[];
}

/**
 * The answers of a batch in the order of its input, written to the files that the client will get: there is no other
 * record of what is done, and none that could disagree with them. Lines are appended and synced in groups. After a crash
 * a torn line, and what cannot be the next, is cut off and computed again.
 */
export class LineJournal {
  readonly counts: Omit<LineCounts, 'total'>;
  tokens: number;
  private readonly output: Side;
  private readonly errors: Side;

  private constructor(output: Side, errors: Side, { tokens, ...counts }: JournalProgress) {
    this.output = output;
    this.errors = errors;
    this.counts = counts;
    this.tokens = tokens;
  }

  /**
   * Opens the files, and finds how far they are; what is not there is made.
   * @param prefix what the ids of the batch's lines begin with.
   * @throws {Error} of the file system.
   */
  static async open({ output, errors }: JournalFiles, prefix: string): Promise<LineJournal> {
    const handles = [await openOrMake(output, 0o600)];
    if (errors !== output) handles.push(await openOrMake(errors, 0o600));
    try {
      const found = await readDone({ output, errors }, prefix);
      const sides: Side[] = [];
      for (const [i, handle] of handles.entries()) {
        const size = (i === 0 ? found.inOutput : found.inErrors).at(-1)?.end ?? 0;
        await handle.truncate(size);
        sides.push({ handle, size });
      }
      const [one, two = one] = sides as [Side, Side?];
      return new LineJournal(one, two, progressOf(found));
    } catch (error) {
      for (const handle of handles) await handle.close();
      throw error;
    }
  }

  /** The first line that is not there. */
  get next(): number {
    return this.counts.completed + this.counts.failed + 1;
  }

  get outputBytes(): number {
    return this.output.size;
  }

  get errorBytes(): number {
    return this.errors.size;
  }

  /** Of both files. */
  get bytes(): number {
    return this.outputBytes + (this.errors === this.output ? 0 : this.errorBytes);
  }

  /**
   * Adds lines, which begin with the `next` one; when it resolves, they outlast a power loss.
   * @throws {Error} of the file system: none of them counts, and the same may be added again.
   */
  async append(lines: readonly AnsweredLine[]): Promise<void> {
    const failures = lines.filter(({ isFailure }) => isFailure);
    if (this.errors === this.output) {
      await write(this.output, lines);
    } else {
      const before = this.output.size;
      await write(
        this.output,
        lines.filter(({ isFailure }) => !isFailure),
      );
      try {
        await write(this.errors, failures);
      } catch (error) {
        this.output.size = before;
        throw error;
      }
    }
    this.counts.failed += failures.length;
    this.counts.completed += lines.length - failures.length;
    for (const { tokens } of lines) this.tokens += tokens;
  }

  async close(): Promise<void> {
    await this.output.handle.close();
    if (this.errors !== this.output) await this.errors.handle.close();
  }
}

/**
 * Tells how far the files are, and leaves them as they are.
 * @param prefix what the ids of the batch's lines begin with.
 * @throws {Error} of the file system, but for a file that is not there yet.
 */
export async function readProgress(files: JournalFiles, prefix: string): Promise<JournalProgress> {
  return progressOf(await readDone(files, prefix));
}

async function readDone({ output, errors }: JournalFiles, prefix: string): Promise<Done> {
  const inOutput = await readKept(output, prefix);
  const inErrors = errors === output ? [] : await readKept(errors, prefix);
  // A group is written to the one and then to the other: of the group that a crash interrupted, the rest is missing.
  const known = new Set([...inOutput, ...inErrors].map(({ ordinal }) => ordinal));
  let next = 1;
  while (known.has(next)) next += 1;
  const isDone = ({ ordinal }: Kept) => ordinal < next;
  return { inOutput: inOutput.filter(isDone), inErrors: inErrors.filter(isDone) };
}

function progressOf({ inOutput, inErrors }: Done): JournalProgress {
  const lines = [...inOutput, ...inErrors];
  const failed = lines.filter(({ isFailure }) => isFailure).length;
  const tokens = lines.reduce((sum, line) => sum + line.tokens, 0);
  return { completed: lines.length - failed, failed, tokens };
}

/** The lines at the beginning of a file that are whole, and follow one another. */
async function readKept(file: string, prefix: string): Promise<Kept[]> {
  const kept: Kept[] = [];
  try {
    for await (const { bytes, end, isWhole } of readLines(file, Number.POSITIVE_INFINITY)) {
      const line = isWhole ? readOutputLine(bytes, prefix) : undefined;
      if (line === undefined || line.ordinal <= (kept.at(-1)?.ordinal ?? 0)) break;
      kept.push({ ...line, end });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return kept;
}

/** In their place after what is there: a write that failed may have left a part of them. */
async function write(side: Side, lines: readonly AnsweredLine[]): Promise<void> {
  if (lines.length === 0) return;
  const bytes = Buffer.concat(lines.map(({ text }) => text));
  await writeAll(side.handle, bytes, side.size);
  await side.handle.datasync();
  side.size += bytes.length;
}
