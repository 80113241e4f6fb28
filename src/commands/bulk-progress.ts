import { SingleBar } from 'cli-progress';
import type { Logger } from 'pino';
import type { RunProgress } from '../bulk/compute-rows.ts';
import type { BulkReports } from '../bulk/run-bulk.ts';
import type { Clock } from '../clock.ts';

/** Between two lines of a log. */
const LINE_MS = 10_000;
/** Over which the pace is taken. */
const PACE_MS = 30_000;

/** How fast it goes, and how long it will take. */
interface Pace {
  rows: number;
  /** Part of the work that is done, 0 to 1; null: nothing is known of the rest. */
  part: number | null;
  tokensPerSecond: number;
  /** null: not known yet. */
  secondsLeft: number | null;
}

/** Tells how far a run is: on a terminal a bar, else a line of the log from time to time. */
export interface ProgressView extends Pick<BulkReports, 'onBegin' | 'onProgress' | 'onAssembled'> {
  /** Gives the terminal back: the bar hides the cursor. */
  stop: () => void;
}

export const QUIET: ProgressView = { onBegin() {}, onProgress() {}, onAssembled() {}, stop() {} };

export function terminalProgress(terminal: NodeJS.WriteStream, clock: Clock): ProgressView {
  let bar: SingleBar | null = null;
  const meter = new PaceMeter(clock);
  const stop = () => {
    bar?.stop();
    bar = null;
  };
  const begin = (format: string, total: number, value: number, fields: object) => {
    bar = new SingleBar({ format, stream: terminal, clearOnComplete: true, hideCursor: true });
    bar.start(total, value, fields);
  };
  return {
    onBegin(run) {
      meter.begin(run);
      begin('{bar} {percentage} %, {rows} rows, {pace} tokens/s, {left} left', 1_000, 0, {
        rows: run.done.rows,
        pace: 0,
        left: '?',
      });
    },
    onProgress(progress) {
      const { rows, part, tokensPerSecond, secondsLeft } = meter.observe(progress);
      const fields = {
        rows,
        pace: Math.round(tokensPerSecond),
        left: secondsLeft === null ? '?' : duration(secondsLeft),
      };
      bar?.update(Math.round(1_000 * (part ?? 0)), fields);
    },
    onAssembled({ rows, of }) {
      if (rows > of || bar === null) return;
      bar.update(1_000, { rows, pace: 0, left: '0 s' });
    },
    stop,
  };
}

export function logProgress(logger: Logger, clock: Clock): ProgressView {
  const meter = new PaceMeter(clock);
  let lastAt = clock.now();
  const isTime = () => {
    if (clock.now() - lastAt < LINE_MS) return false;
    lastAt = clock.now();
    return true;
  };
  return {
    onBegin(run) {
      meter.begin(run);
      logger.info({ rowsDone: run.done.rows, rowsTotal: run.total }, 'computing rows');
    },
    onProgress(progress) {
      const { rows, part, tokensPerSecond, secondsLeft } = meter.observe(progress);
      if (!isTime()) return;
      const percent = part === null ? null : Math.floor(100 * part);
      const { failed, shared } = progress;
      logger.info(
        { rows, percent, failed, shared, tokensPerSecond: Math.round(tokensPerSecond), secondsLeft },
        'rows computed',
      );
    },
    onAssembled({ rows, of }) {
      if (isTime()) logger.info({ rows, rowsTotal: of }, 'rows written');
    },
    stop() {},
  };
}

/** Takes the pace of the last half minute: what waits in a window is not counted yet, and the start was slow. */
class PaceMeter {
  private readonly clock: Clock;
  private readonly samples: { at: number; part: number | null; tokens: number }[] = [];
  private total: number | null = null;
  private bytes = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  begin({ total, bytes }: Parameters<BulkReports['onBegin']>[0]): void {
    this.total = total;
    this.bytes = bytes;
  }

  observe({ rows, bytesRead, tokens }: RunProgress): Pace {
    const part = this.partOf(rows, bytesRead);
    const at = this.clock.now();
    this.samples.push({ at, part, tokens });
    while (this.samples.length > 2 && at - (this.samples[0]?.at ?? at) > PACE_MS) this.samples.shift();
    const [oldest = { at, part, tokens }] = this.samples;
    const seconds = (at - oldest.at) / 1_000;
    const gained = part === null || oldest.part === null ? 0 : part - oldest.part;
    return {
      rows,
      part,
      tokensPerSecond: seconds === 0 ? 0 : (tokens - oldest.tokens) / seconds,
      secondsLeft: gained <= 0 ? null : Math.round(((1 - (part as number)) * seconds) / gained),
    };
  }

  private partOf(rows: number, bytesRead: number): number | null {
    if (this.total !== null) return this.total === 0 ? 1 : Math.min(1, rows / this.total);
    return this.bytes === 0 ? null : Math.min(1, bytesRead / this.bytes);
  }
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
