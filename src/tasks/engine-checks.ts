import type { ModelManifest, TaskName } from '../model-files/manifest.ts';
import { longestCanary, passCanary } from './embedding/pass-canary.ts';
import type { EngineCheck } from './task.ts';

/** The part of each task that the engine process loads. */
const CHECKS: Record<TaskName, EngineCheck> = {
  embed: { pass: passCanary, longestSequence: longestCanary },
};

/** The check of the task that a model is served for. */
export function engineCheckOf({ tasks }: ModelManifest): EngineCheck {
  return CHECKS[tasks[0] as TaskName];
}
