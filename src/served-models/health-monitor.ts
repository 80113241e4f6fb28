import type { Clock } from '../clock.ts';

/** What the probes tell besides their status. Nothing in it is secret: they answer without a key. */
export interface Health {
  engine: {
    /** See engine/engine.ts. */
    state: string;
    secondsInState: number;
    /** Processes in service: one for each device. */
    processesReady: number;
    /** Lowest cosine of a canary vector to its reference, at the last start; null before it. */
    canaryCosine: number | null;
  };
  draining: boolean;
  uptimeSeconds: number;
}

/** Of the engine, what health is about. */
export interface WatchedEngine {
  readonly state: string;
  readonly processesReady: number;
  readonly info: { canaryCosine: number } | undefined;
  onStateChange(listener: () => void): void;
}

export interface HealthMonitorOptions {
  engine: WatchedEngine;
  clock: Clock;
  isDraining: () => boolean;
}

/** Knows how the service is, and since when. */
export class HealthMonitor {
  private readonly options: HealthMonitorOptions;
  private readonly startedAt: number;
  private state: string;
  private stateSince: number;

  constructor(options: HealthMonitorOptions) {
    const { engine, clock } = options;
    this.options = options;
    this.startedAt = clock.now();
    this.state = engine.state;
    this.stateSince = this.startedAt;
    engine.onStateChange(() => {
      // Also called when one of several processes comes or goes.
      if (engine.state === this.state) return;
      this.state = engine.state;
      this.stateSince = clock.now();
    });
  }

  report(): Health {
    const { engine, clock, isDraining } = this.options;
    const now = clock.now();
    return {
      engine: {
        state: engine.state,
        secondsInState: (now - this.stateSince) / 1000,
        processesReady: engine.processesReady,
        canaryCosine: engine.info?.canaryCosine ?? null,
      },
      draining: isDraining(),
      uptimeSeconds: (now - this.startedAt) / 1000,
    };
  }
}
