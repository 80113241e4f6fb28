import type { FastifyRequest } from 'fastify';
import type { ModelRegistry, Resolved } from '../../served-models/registry.ts';
import type { ServedModel, TaskName } from '../../served-models/served-model.ts';

/**
 * The model that a request names, which its log line and its metrics name too.
 * @throws {HotvecError} what `ModelRegistry.resolve` throws.
 */
export function chooseModel(
  request: FastifyRequest,
  models: ModelRegistry,
  name: string | undefined,
  task: TaskName,
): Resolved {
  const found = models.resolve(name, task);
  request.servedModel = found.model.name;
  return found;
}

/**
 * The model of a request that cannot name one: the first that does the task.
 * @throws {HotvecError} not_found.
 */
export function chooseFirstModel(request: FastifyRequest, models: ModelRegistry, task: TaskName): ServedModel {
  const model = models.first(task);
  request.servedModel = model.name;
  return model;
}
