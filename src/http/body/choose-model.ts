import type { FastifyRequest } from 'fastify';
import type { TaskName } from '../../model-files/manifest.ts';
import type { ModelRegistry, Resolved } from '../../served-models/registry.ts';
import type { ServedFor } from '../../served-models/served-model.ts';

/**
 * The model that a request names, which its log line and its metrics name too.
 * @throws {HotvecError} what `ModelRegistry.resolve` throws.
 */
export function chooseModel<Task extends TaskName>(
  request: FastifyRequest,
  models: ModelRegistry,
  name: string | undefined,
  task: Task,
): Resolved<ServedFor<Task>> {
  const found = models.resolve(name, task);
  request.servedModel = found.model.name;
  return found;
}

/**
 * The model of a request that cannot name one: the first that does the task.
 * @throws {HotvecError} not_found.
 */
export function chooseFirstModel<Task extends TaskName>(
  request: FastifyRequest,
  models: ModelRegistry,
  task: Task,
): ServedFor<Task> {
  const model = models.first(task);
  request.servedModel = model.name;
  return model;
}
