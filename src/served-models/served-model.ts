import type { TaskName } from '../model-files/manifest.ts';
import type { Embedder } from '../tasks/embedding/embedder.ts';
import type { EngineHealth } from './engine-health.ts';

export type { TaskName };

/** One model under its names, as requests see it. None of it changes once the model is started. */
export interface ServedModel {
  /** Its name in answers, metrics and log lines. */
  readonly name: string;
  /** What requests may call it, `name` first. */
  readonly names: readonly string[];
  readonly task: TaskName;
  readonly embedder: Embedder;
  /** How its engine is, and since when. */
  readonly engineHealth: () => EngineHealth;
}
