import type { Phase } from '../../metrics/metrics.ts';
import type { TracedStage } from '../../tracing/request-tracer.ts';
import type { WorkReport } from './fastify-types.ts';

/** When each phase of a request began. */
export class RequestProgress {
  /** What is being done for it now. */
  phase: Phase = 'receive';
  private readonly begunAt = new Map<Phase, number>();

  enter(phase: Phase): void {
    this.phase = phase;
    this.begunAt.set(phase, performance.now());
  }

  /** The stages it has come through, also the one in which it ended. */
  stages(endedAt: number, timings: WorkReport['timings'] | undefined): TracedStage[] {
    const begun = [...this.begunAt];
    const stages = begun.flatMap(([name, startedAt], i): TracedStage[] => {
      if (name === 'receive' || name === 'send') return [];
      return [{ name, startedAt, endedAt: begun[i + 1]?.[1] ?? endedAt }];
    });
    const queue = stages.find(({ name }) => name === 'queue');
    const infer = stages.find(({ name }) => name === 'infer');
    // A batch may have waited in the engine's channel: that was waiting, and only the answer says how long.
    if (timings !== undefined && queue !== undefined && infer !== undefined) {
      queue.endedAt = queue.startedAt + timings.queue;
      infer.startedAt = queue.endedAt;
      infer.endedAt = infer.startedAt + timings.infer;
    }
    return stages;
  }
}
