import { waiting } from './server.ts';

/** Says what the page waits for: a server that restarts, or has too much to do. */
export function WaitingNotice() {
  const { value } = waiting;
  return (
    <p class="waiting" role="status" hidden={value === null}>
      {value === null ? '' : `${value.reason} Asking again…`}
    </p>
  );
}
