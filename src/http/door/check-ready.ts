import type { Embedder } from '../../tasks/embedding/embedder.ts';

/** @throws {HotvecError} what a request for vectors would get now: not_ready, draining, engine_restarting. */
export function checkReady(embedder: Embedder): void {
  const readiness = embedder.readiness();
  if (!readiness.ready) throw readiness.error;
}
