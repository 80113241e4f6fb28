import { Server as NetServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.ts';
import type { Config } from '../../settings/settings.ts';

export interface ShutdownSteps {
  app: FastifyInstance;
  /** Answers until all others are answered. */
  metricsApp: FastifyInstance | undefined;
  clock: Clock;
  config: Pick<Config, 'drainDelayMs' | 'drainMs'>;
  /** /readyz fails from here on; requests are still served. */
  failReadiness: () => void;
  /** Ends the engine; requests still waiting, and those that have not fully arrived, get 503. */
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
  const { app, metricsApp, clock, config } = steps;
  steps.failReadiness();
  await within(clock, config.drainDelayMs, new Promise(() => {}));

  // net's close(), not http's: that one also cuts the sockets idle at this moment, among them those whose first request
  // has arrived but has not been read.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(app.server, () => resolve()));
  let cancelSweep = () => {};
  const sweep = () => {
    app.server.closeIdleConnections();
    cancelSweep = clock.after(SOCKET_SWEEP_MS, sweep);
  };
  cancelSweep = clock.after(SOCKET_SWEEP_MS, sweep);
  await within(clock, config.drainMs, closed);
  await steps.closeEngine();
  await within(clock, LAST_ANSWERS_MS, closed);
  cancelSweep();
  await closeNow(app);
  await closeNow(metricsApp);
}

/** Closes an application and whatever is open to it. A keep-alive socket would hold `close()` alone. */
export async function closeNow(app: FastifyInstance | undefined): Promise<void> {
  app?.server.closeAllConnections();
  await app?.close();
}

/** Waits for `event`, but no longer than that, and leaves no timer behind. */
function within(clock: Clock, milliseconds: number, event: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, resolve);
    void event.then(() => {
      cancel();
      resolve();
    });
  });
}
