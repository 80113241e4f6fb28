import type { FastifyInstance } from 'fastify';
import type { Clock } from './clock.ts';

export interface ShutdownSteps {
  app: FastifyInstance;
  clock: Clock;
  drainDelayMs: number;
  drainMs: number;
  /** /readyz fails from here on; requests are still served. */
  failReadiness: () => void;
  /** Ends the engine; requests still waiting get 503. */
  closeEngine: () => Promise<void>;
}

const SOCKET_SWEEP_MS = 100;
/** After the engine is gone, for the last 503s to be written. */
const LAST_ANSWERS_MS = 1_000;

/**
 * Shuts the service down without losing an accepted request: readiness fails, load balancers get time to notice, the
 * port closes, requests under way finish, and what has not finished in `drainMs` is answered 503. A request that arrives
 * late on an open connection is still served: its answer closes the connection, so there is at most one of each.
 *
 * Own routine: with keep-alive clients `app.close()` alone was measured to take over a minute.
 */
export async function shutDown(steps: ShutdownSteps): Promise<void> {
  const { app, clock } = steps;
  const sleep = (milliseconds: number) => new Promise<void>((resolve) => clock.after(milliseconds, resolve));
  steps.failReadiness();
  await sleep(steps.drainDelayMs);

  const closed = new Promise<void>((resolve) => app.server.close(() => resolve()));
  // Node closes the sockets idle now; those that fall idle later are ours to close.
  let sweeping = true;
  const sweep = () => {
    app.server.closeIdleConnections();
    if (sweeping) clock.after(SOCKET_SWEEP_MS, sweep);
  };
  sweep();
  await Promise.race([closed, sleep(steps.drainMs)]);
  await steps.closeEngine();
  await Promise.race([closed, sleep(LAST_ANSWERS_MS)]);
  sweeping = false;
  app.server.closeAllConnections();
  await app.close();
}
