import type { ModelManifest, TaskName } from '../model-files/manifest.ts';
import { longestCanary, passCanary } from './embedding/pass-canary.ts';
import { checkScores } from './reranking/check-scores.ts';
import type { EngineCheck } from './task.ts';

/** The part of each task that the engine process loads. */
const CHECKS: Record<TaskName, EngineCheck> = {
  embed: { pass: passCanary, longestSequence: longestCanary },
  rerank: checkScores,
};

/** The check of the task that a model is served for. */
export function engineCheckOf({ task }: Pick<ModelManifest, 'task'>): EngineCheck {
  return CHECKS[task];
}
