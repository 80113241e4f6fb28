import type { TaskService } from '../../tasks/task-service.ts';

/** @throws {HotvecError} what a request for work would get now: not_ready, engine_restarting. */
export function checkReady({ refusal }: Pick<TaskService, 'refusal'>): void {
  if (refusal !== undefined) throw refusal;
}
