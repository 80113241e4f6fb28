import { useEffect, useState } from 'preact/hooks';
import { askAgainNow, stopWaiting, waiting } from './waiting.ts';

/** Says what the page waits for: a server that restarts, or has too much to do. */
export function WaitingNotice() {
  const { value } = waiting;
  const seconds = useSecondsUntil(value?.untilMs ?? null);
  return (
    <div class="notice" hidden={value === null}>
      <p role="status">{value === null ? '' : value.reason}</p>
      {value !== null && (
        <>
          <p class="when">
            {value.requests === 1 ? 'One request waits' : `${value.requests} requests wait`}
            {seconds > 0 ? `, asking again in ${seconds} s` : ', asking again…'}
          </p>
          <button type="button" class="quiet" onClick={askAgainNow}>
            Ask now
          </button>
          <button type="button" class="quiet" onClick={stopWaiting}>
            Stop waiting
          </button>
        </>
      )}
    </div>
  );
}

/** @param untilMs as `Date.now()`; null: never. */
function useSecondsUntil(untilMs: number | null): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (untilMs === null) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [untilMs]);
  return untilMs === null ? 0 : Math.max(0, Math.ceil((untilMs - now) / 1000));
}
