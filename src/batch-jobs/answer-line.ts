import type { Clock } from '../clock.ts';
import type { LineAnswer, LineRequest, LineService } from './line-service.ts';

export interface Patience {
  service: Pick<LineService, 'answer'>;
  clock: Clock;
  /** Aborted when nothing more is to be begun. */
  signal: AbortSignal;
}

/** No room now, or no engine: in a while there will be. */
const PASSING: ReadonlySet<number> = new Set([429, 503]);
const SHORTEST_WAIT_MS = 50;
/** Room in the queue comes sooner than a client is told: it comes batch by batch. */
const LONGEST_WAIT_MS = 1_000;

/**
 * What the route answers to a line; where it is overloaded, or its engine is being replaced, after that has passed.
 * @returns undefined: the signal came first.
 */
export async function answerLine(
  line: LineRequest,
  { service, clock, signal }: Patience,
): Promise<LineAnswer | undefined> {
  for (let wait = SHORTEST_WAIT_MS; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    const answer = await service.answer(line);
    if (!PASSING.has(answer.status)) return answer;
    if (signal.aborted) return undefined;
    await sleep(wait, clock, signal);
    if (signal.aborted) return undefined;
  }
}

/** Waits so many milliseconds, or until the signal comes. */
export function sleep(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(milliseconds, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
