import { HotvecError, StartError } from '../errors.ts';
import type { Role } from '../tasks/embedding/prompt.ts';
import { ModelNames, nameProblems } from './model-names.ts';
import type { ServedModel, TaskName } from './served-model.ts';

/** What a model of each task does. */
const TASKS: Readonly<Record<TaskName, string>> = { embed: 'embeds texts' };

/** A model that a request asks for. */
export interface Resolved {
  model: ServedModel;
  /** The prompt that the name asks for. */
  role: Role | null;
}

/** The models that are served: what the `model` of a request means, and what there is. */
export class ModelRegistry {
  /** At least one, in the order of the settings. */
  readonly models: readonly ServedModel[];
  private readonly byName: ModelNames<ServedModel>;

  /** @throws {StartError} where a name means two things. */
  constructor(models: readonly ServedModel[]) {
    this.models = models;
    this.byName = new ModelNames(models.map((model) => ({ names: model.names, model })));
    const problems = nameProblems(models.map(({ names }) => names));
    if (problems.length > 0) throw new StartError(problems.join('\n'));
  }

  /** Everything that a request may call a model, but for suffixes: of each model its name and then its aliases. */
  get names(): { name: string; model: ServedModel }[] {
    return this.models.flatMap((model) => model.names.map((name) => ({ name, model })));
  }

  /**
   * The model that a request names, if it does what is asked of it.
   * @throws {HotvecError} what `find` throws; invalid_input, saying what the model does.
   */
  resolve(name: string | undefined, task: TaskName): Resolved {
    const found = this.find(name);
    const { model } = found;
    if (model.task === task) return found;
    throw new HotvecError(
      'invalid_input',
      `${model.name} ${TASKS[model.task]}, but this route is for a model that ${TASKS[task]}.`,
      { param: 'model' },
    );
  }

  /**
   * The model of a route whose requests name none: the first that does the task.
   * @throws {HotvecError} not_found.
   */
  first(task: TaskName): ServedModel {
    const found = this.models.find((model) => model.task === task);
    if (found === undefined) throw new HotvecError('not_found', `No model of this server ${TASKS[task]}.`);
    return found;
  }

  /**
   * The model that a request names, whatever it does.
   *
   * @param name undefined: the only model; one of several must be named.
   * @throws {HotvecError} model_not_found, listing what is served; invalid_input if none is named and there are
   * several.
   */
  find(name: string | undefined): Resolved {
    const [first, ...others] = this.models;
    if (name === undefined && first !== undefined && others.length === 0) return { model: first, role: null };
    const found = name === undefined ? undefined : this.byName.find(name);
    if (found !== undefined) return found;
    const served = this.names.map((one) => one.name).join(', ');
    throw name === undefined
      ? new HotvecError('invalid_input', `model is missing; this server serves ${served}.`, { param: 'model' })
      : new HotvecError('model_not_found', `This server does not serve that model; it serves ${served}.`, {
          param: 'model',
        });
  }
}
