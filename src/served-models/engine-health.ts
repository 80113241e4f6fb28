import type { Clock } from '../clock.ts';

/** How an engine is. Nothing in it is secret: probes tell it without a key. */
export interface EngineHealth {
  /** See engine/engine.ts. */
  state: string;
  secondsInState: number;
  /** Processes in service: one or more for each device. */
  processesReady: number;
  /** Lowest cosine of a canary vector to its reference, at the last start; null before it. */
  canaryCosine: number | null;
}

/** Of an engine, what health is about. */
export interface WatchedEngine {
  readonly state: string;
  readonly processesReady: number;
  readonly info: { canaryCosine: number } | undefined;
  onStateChange(listener: () => void): void;
}

/**
 * Watches an engine.
 * @returns tells how it is, and since when.
 */
export function watchEngine(engine: WatchedEngine, clock: Clock): () => EngineHealth {
  let { state } = engine;
  let since = clock.now();
  engine.onStateChange(() => {
    // Also called when one of several processes comes or goes.
    if (engine.state === state) return;
    state = engine.state;
    since = clock.now();
  });
  return () => ({
    state: engine.state,
    secondsInState: (clock.now() - since) / 1000,
    processesReady: engine.processesReady,
    canaryCosine: engine.info?.canaryCosine ?? null,
  });
}
