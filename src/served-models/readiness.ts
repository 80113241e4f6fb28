import type { Clock } from '../clock.ts';
import type { EngineHealth } from './engine-health.ts';
import type { ServedModel } from './served-model.ts';

/** What the probes tell besides their status. Nothing in it is secret: they answer without a key. */
export interface Health {
  /** In the order they are served in. */
  models: { name: string; isReady: boolean; engine: EngineHealth }[];
  draining: boolean;
  uptimeSeconds: number;
}

/** Knows whether the service can serve, and how it is. */
export class Readiness {
  /** The port is about to close; requests are still served. */
  isDraining = false;
  private readonly models: readonly ServedModel[];
  private readonly clock: Clock;
  private readonly startedAt: number;

  constructor(models: readonly ServedModel[], clock: Clock) {
    this.models = models;
    this.clock = clock;
    this.startedAt = clock.now();
  }

  /** No model will compute anything any more: only another process can serve. */
  get isGivenUp(): boolean {
    return this.models.every(({ embedder }) => embedder.isGivenUp);
  }

  /** From now on `check` throws, so that load balancers look elsewhere. */
  announceDrain(): void {
    this.isDraining = true;
    for (const { embedder } of this.models) embedder.announceDrain();
  }

  /** Whether `check` passes. */
  get isReady(): boolean {
    return this.problem === undefined;
  }

  /**
   * Ready once every model has been loaded, and from then on while any of them serves: one that is lost must not take the
   * others out of a load balancer.
   *
   * @throws {HotvecError} what a request for vectors would get: not_ready, draining, engine_restarting.
   */
  check(): void {
    const { problem } = this;
    if (problem !== undefined) throw problem;
  }

  report(): Health {
    return {
      models: this.models.map(({ name, embedder, engineHealth }) => ({
        name,
        isReady: embedder.readiness().ready,
        engine: engineHealth(),
      })),
      draining: this.isDraining,
      uptimeSeconds: (this.clock.now() - this.startedAt) / 1000,
    };
  }

  private get problem(): Error | undefined {
    const loading = this.models.filter(({ embedder }) => embedder.model.fingerprint === null);
    const problems = this.models
      .map(({ embedder }) => embedder.readiness())
      .flatMap((one) => (one.ready ? [] : one.error));
    const isServing = loading.length === 0 && problems.length < this.models.length;
    return isServing ? undefined : problems[0];
  }
}
