import { setMaxListeners } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { answerLine } from './answer-line.ts';
import type { BatchEndpoint } from './batch-job.ts';
import type { LineJournal } from './line-journal.ts';
import type { LineService } from './line-service.ts';
import { type AnsweredLine, answeredLine, unaskedLine } from './output-line.ts';
import { readLines } from './read-lines.ts';
import { readRequestLine } from './request-line.ts';
import { type StorageWatch, untilStored } from './until-stored.ts';

/** Lines of an input file, who asks them, and where their answers go. */
export interface LineRun extends StorageWatch {
  inputFile: string;
  endpoint: BatchEndpoint;
  /** Bytes of a line, at most; a file with longer ones was refused before. */
  maxLineBytes: number;
  /** What the ids of the lines begin with. */
  idPrefix: string;
  owner: string | null;
  fingerprint: string | null;
  /** See `LineService.windowTokensOf`. */
  windowTokens: number;
  journal: Pick<LineJournal, 'next' | 'append'>;
  service: Pick<LineService, 'answer'>;
}

interface LineUnderWay {
  /** What is held of it: the line, and then its answer. */
  bytes: number;
  isAnswered: boolean;
  /** undefined: given up, because the signal came. */
  answer: Promise<AnsweredLine | undefined>;
}

/** Of English text with what is JSON about it; from the first answer on it is measured. */
const TOKENS_PER_BYTE = 0.25;
/** Lines that are begun in one turn of the event loop, and how long they may be: about a millisecond. */
const LINES_OF_A_TURN = 8;
const BYTES_OF_A_TURN = 8_192;
const MOST_LINES = 1_024;
const MOST_BYTES = 2 ** 25;
/** Of answers that are written at a time. */
const GROUP_BYTES = 2 ** 22;

/**
 * Asks the lines that the journal lacks, several at a time, and appends the answers in the order of the file. As many are
 * under way as keep the engine busy. Resolves when all are answered, or when the signal came and what was under way is
 * stored, as far as it was answered.
 * @throws {Error} of the file system, where the input cannot be read.
 */
export async function runLines(run: LineRun): Promise<void> {
  // Each line that waits listens, and Node takes more than ten for a leak.
  setMaxListeners(MOST_LINES + 1, run.signal);
  const window = new LineWindow(run);
  let isRead = false;
  const read = async () => {
    const first = run.journal.next;
    let ordinal = 0;
    let turn = { lines: 0, bytes: 0 };
    try {
      for await (const { bytes } of readLines(run.inputFile, run.maxLineBytes)) {
        ordinal += 1;
        if (ordinal < first) continue;
        while (!window.isClosed && !window.hasRoomFor(bytes.length)) await window.change();
        if (window.isClosed) break;
        window.begin(bytes, ordinal);
        // The same thread serves everybody else. Together they are tokenized in one call, and computed in one batch.
        turn.lines += 1;
        turn.bytes += bytes.length;
        if (turn.lines < LINES_OF_A_TURN && turn.bytes < BYTES_OF_A_TURN) continue;
        turn = { lines: 0, bytes: 0 };
        await setImmediate();
      }
    } finally {
      isRead = true;
      window.wake();
    }
  };
  const store = async () => {
    for (;;) {
      if (window.isEmpty) {
        if (isRead) return;
        await window.change();
        continue;
      }
      const group = await window.nextGroup();
      if (group.length === 0 || !(await untilStored(() => run.journal.append(group), run))) {
        window.giveUp();
        return;
      }
      window.end(group.length);
    }
  };
  const ends = await Promise.allSettled([read(), store()]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** The lines that were begun and are not stored, in their order. */
class LineWindow {
  private readonly run: LineRun;
  private readonly lines: LineUnderWay[] = [];
  /** Of those that have no answer. */
  private tokens = 0;
  private bytes = 0;
  private tokensPerByte = TOKENS_PER_BYTE;
  private isGivenUp = false;
  private onChange = () => {};

  constructor(run: LineRun) {
    this.run = run;
  }

  get isEmpty(): boolean {
    return this.lines.length === 0;
  }

  /** Whether nothing more may begin. */
  get isClosed(): boolean {
    return this.isGivenUp || this.run.signal.aborted;
  }

  /** Of one waiter: the reader waits while there are lines, and who stores while there are none. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.onChange = resolve;
    });
  }

  wake(): void {
    this.onChange();
  }

  hasRoomFor(bytes: number): boolean {
    if (this.isEmpty) return true;
    const isFull = this.lines.length >= MOST_LINES || this.bytes + bytes > MOST_BYTES;
    return !isFull && this.tokens + bytes * this.tokensPerByte <= this.run.windowTokens;
  }

  begin(bytes: Buffer, ordinal: number): void {
    const tokens = bytes.length * this.tokensPerByte;
    const line: LineUnderWay = {
      bytes: bytes.length,
      isAnswered: false,
      answer: this.ask(bytes, ordinal).then((answered) => {
        line.isAnswered = true;
        // To the engine it is done; its answer takes memory until it is stored.
        this.tokens -= tokens;
        this.bytes -= line.bytes;
        line.bytes = answered?.text.length ?? 0;
        this.bytes += line.bytes;
        this.wake();
        return answered;
      }),
    };
    // Whoever stores it is told, in its turn.
    line.answer.catch(() => {});
    this.tokens += tokens;
    this.bytes += line.bytes;
    this.lines.push(line);
    this.wake();
  }

  /** The next lines that are answered: waits for the first, and takes what others there are. Empty: it was given up. */
  async nextGroup(): Promise<AnsweredLine[]> {
    const group: AnsweredLine[] = [];
    let size = 0;
    for (const line of [...this.lines]) {
      if (group.length > 0 && (!line.isAnswered || size >= GROUP_BYTES)) break;
      const answered = await line.answer;
      if (answered === undefined) break;
      size += answered.text.length;
      group.push(answered);
    }
    return group;
  }

  /** So many, the first ones, are stored. */
  end(count: number): void {
    for (const { bytes } of this.lines.splice(0, count)) this.bytes -= bytes;
    this.wake();
  }

  giveUp(): void {
    this.isGivenUp = true;
    this.wake();
  }

  private async ask(bytes: Buffer, ordinal: number): Promise<AnsweredLine | undefined> {
    const { endpoint, owner, fingerprint } = this.run;
    const { customId, body } = readRequestLine(bytes, endpoint);
    const id = this.run.idPrefix + ordinal;
    const answer = await answerLine({ id, endpoint, body, owner, fingerprint }, this.run);
    if (answer === undefined) return undefined;
    if (answer.tokens > 0) this.tokensPerByte += (answer.tokens / bytes.length - this.tokensPerByte) / 16;
    return answeredLine({ ordinal, id, customId }, answer);
  }
}

/**
 * Gives lines that the journal lacks the same error, without asking them: the time of the batch is over.
 * @returns whether all are stored; else the signal came.
 */
export async function refuseLines(run: LineRun, code: string, message: string): Promise<boolean> {
  const first = run.journal.next;
  let ordinal = 0;
  let group: AnsweredLine[] = [];
  for await (const { bytes } of readLines(run.inputFile, run.maxLineBytes)) {
    ordinal += 1;
    if (ordinal < first) continue;
    const { customId } = readRequestLine(bytes, run.endpoint);
    group.push(unaskedLine({ ordinal, id: run.idPrefix + ordinal, customId }, code, message));
    if (group.length < MOST_LINES) continue;
    if (!(await untilStored(() => run.journal.append(group), run))) return false;
    group = [];
  }
  return untilStored(() => run.journal.append(group), run);
}
