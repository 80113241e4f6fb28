import type { Batcher } from '../batching/batcher.ts';
import type { Clock } from '../clock.ts';
import type { HotvecError } from '../errors.ts';
import type { RowCache } from './row-source.ts';
import { TaskRunner } from './task-runner.ts';
import type { ModelFacts, StartFacts, TaskService } from './task-service.ts';

export interface ServiceOptions<Facts> {
  model: Facts;
  batcher: Batcher;
  /** null: every row is computed. */
  cache: RowCache | null;
  clock: Clock;
}

/** What the services of all tasks are, whatever they answer: facts that the start completes, and a runner. */
export class PipelineService<Facts extends ModelFacts> implements TaskService {
  protected readonly runner: TaskRunner;
  private facts: Facts;
  private readonly batcher: Batcher;

  constructor({ model, batcher, cache, clock }: ServiceOptions<Facts>) {
    this.facts = model;
    this.batcher = batcher;
    const isIdentified = () => this.facts.fingerprint !== null;
    this.runner = new TaskRunner({ batcher, cache, clock, isIdentified });
  }

  get model(): Facts {
    return this.facts;
  }

  /** The engine is ready: what it found out belongs to the facts, of which none changes any more. */
  begin(found: StartFacts): void {
    this.facts = Object.freeze({ ...this.facts, ...found });
  }

  get isGivenUp(): boolean {
    return this.batcher.isGivenUp;
  }

  get refusal(): HotvecError | undefined {
    return this.runner.refusal;
  }
}
