import type { TaskName } from '../model-files/manifest.ts';
import type { Embedder } from '../tasks/embedding/embedder.ts';
import type { Reranker } from '../tasks/reranking/reranker.ts';
import type { EngineHealth } from './engine-health.ts';

/** What answers the requests of each task. */
interface Services {
  embed: Embedder;
  rerank: Reranker;
}

/** A model that is served for `Task`. */
export interface ServedFor<Task extends TaskName> {
  /** Its name in answers, metrics and log lines. */
  readonly name: string;
  /** What requests may call it, `name` first. */
  readonly names: readonly string[];
  readonly task: Task;
  readonly service: Services[Task];
  /** How its engine is, and since when. */
  readonly engineHealth: () => EngineHealth;
}

/** One model under its names, as requests see it. None of it changes once the model is started. */
export type ServedModel = { [Task in TaskName]: ServedFor<Task> }[TaskName];
