/** UTF-16 units a native call may take: some milliseconds of work, which a job that comes meanwhile waits for. */
const MAX_UNITS_PER_CALL = 8_000;
const MAX_TEXTS_PER_CALL = 256;

/** A job of no more units, a query say, does not wait behind larger ones, nor behind bulk. */
const QUICK_UNITS = 2_000;

interface Job<Result> {
  texts: readonly string[];
  /** Texts already handed to a call. */
  sent: number;
  results: Result[];
  received: number;
  resolve: (results: Result[]) => void;
  reject: (error: unknown) => void;
}

/** Encodes texts: one result a text, same order. */
type EncodeBatch<Result> = (texts: readonly string[]) => Promise<Result[]>;

export interface JobOptions {
  /** Whether nobody waits for it: a thousand small jobs are as long as a large one. Default: no. */
  isBulk?: boolean | undefined;
}

/**
 * Joins concurrent calls into fewer, larger ones: while one runs, texts collect for the next. Small jobs have their own
 * calls, separate from those of the large ones and of bulk: a call full of passages takes long when the engine uses all cores.
 *
 * @param encodeBatch called for two calls at a time at most.
 * @returns a function with the same contract, for any number of texts.
 */
export function coalesceCalls<Result>(
  encodeBatch: EncodeBatch<Result>,
): (texts: readonly string[], options?: JobOptions) => Promise<Result[]> {
  const quick = callAfterCall(encodeBatch);
  const large = callAfterCall(encodeBatch);
  return (texts, { isBulk = false } = {}) => {
    const units = texts.reduce((sum, { length }) => sum + length, 0);
    return (units <= QUICK_UNITS && !isBulk ? quick : large)(texts);
  };
}

/** One call at a time, which takes one text of each waiting job in turn, until it is full. */
function callAfterCall<Result>(encodeBatch: EncodeBatch<Result>): EncodeBatch<Result> {
  let waiting: Job<Result>[] = [];
  let running = false;

  function takeCall(): { job: Job<Result>; index: number; text: string }[] {
    const call: { job: Job<Result>; index: number; text: string }[] = [];
    let units = 0;
    while (waiting.length > 0) {
      for (const job of waiting) {
        const text = job.texts[job.sent] as string;
        const isFull =
          call.length === MAX_TEXTS_PER_CALL || (call.length > 0 && units + text.length > MAX_UNITS_PER_CALL);
        if (isFull) {
          // The next caller in line leads the next call.
          const next = waiting.indexOf(job);
          waiting = [...waiting.slice(next), ...waiting.slice(0, next)].filter((one) => one.sent < one.texts.length);
          return call;
        }
        call.push({ job, index: job.sent, text });
        units += text.length;
        job.sent += 1;
      }
      waiting = waiting.filter((job) => job.sent < job.texts.length);
    }
    return call;
  }

  async function work(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const call = takeCall();
      try {
        const results = await encodeBatch(call.map(({ text }) => text));
        if (results.length !== call.length) throw new Error(`${call.length} texts gave ${results.length} encodings`);
        for (const [i, { job, index }] of call.entries()) {
          job.results[index] = results[i] as Result;
          job.received += 1;
          if (job.received === job.texts.length) job.resolve(job.results);
        }
      } catch (error) {
        const failed = new Set(call.map(({ job }) => job));
        waiting = waiting.filter((job) => !failed.has(job));
        for (const job of failed) job.reject(error);
      }
    }
    running = false;
  }

  return (texts) =>
    new Promise((resolve, reject) => {
      if (texts.length === 0) return resolve([]);
      waiting.push({ texts, sent: 0, results: new Array(texts.length), received: 0, resolve, reject });
      if (!running) void work();
    });
}
