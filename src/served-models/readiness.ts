import type { Clock } from '../clock.ts';
import { HotvecError } from '../errors.ts';
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
    return this.models.every(({ service }) => service.isGivenUp);
  }

  /** From now on `check` throws, so that load balancers look elsewhere. */
  announceDrain(): void {
    this.isDraining = true;
  }

  /** Whether `check` passes. */
  get isReady(): boolean {
    return this.problem === undefined;
  }

  /**
   * Ready once every model has been loaded, and from then on while any of them serves: one that is lost must not take the
   * others out of a load balancer.
   *
   * @throws {HotvecError} draining; what a request for work would get: not_ready, engine_restarting.
   */
  check(): void {
    const { problem } = this;
    if (problem !== undefined) throw problem;
  }

  report(): Health {
    return {
      models: this.models.map(({ name, service, engineHealth }) => ({
        name,
        isReady: !this.isDraining && service.refusal === undefined,
        engine: engineHealth(),
      })),
      draining: this.isDraining,
      uptimeSeconds: (this.clock.now() - this.startedAt) / 1000,
    };
  }

  private get problem(): HotvecError | undefined {
    if (this.isDraining) return new HotvecError('draining', 'The server is shutting down.', { retryAfterMs: 1000 });
    const isLoading = this.models.some(({ service }) => service.model.fingerprint === null);
    const problems = this.models.flatMap(({ service }) => service.refusal ?? []);
    return isLoading || problems.length === this.models.length ? problems[0] : undefined;
  }
}
