import { HotvecError, StartError } from '../errors.ts';
import type { TaskName } from '../model-files/manifest.ts';
import type { Role } from '../tasks/embedding/prompt.ts';
import { ModelNames, nameProblems } from './model-names.ts';
import type { ServedFor, ServedModel } from './served-model.ts';

/** What a model of each task does. */
const TASKS: Readonly<Record<TaskName, string>> = { embed: 'embeds texts', rerank: 'reranks documents for a query' };

/** How to get one. */
const SERVE_ONE: Readonly<Record<TaskName, string>> = {
  embed: 'Add one to MODEL, comma-separated: docs/models.md.',
  rerank: 'Add one to MODEL, comma-separated: docs/reranking.md.',
};

/** A model that a request asks for. */
export interface Resolved<Model = ServedModel> {
  model: Model;
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
    return namesOf(this.models);
  }

  /** As `names`, of the models of a task. */
  namesFor<Task extends TaskName>(task: Task): { name: string; model: ServedFor<Task> }[] {
    return namesOf(this.modelsFor(task));
  }

  /**
   * The model that a request names, if it does what is asked of it; one that names none gets the only one of its task.
   * @throws {HotvecError} what `find` throws; invalid_input, saying what the model does.
   */
  resolve<Task extends TaskName>(name: string | undefined, task: Task): Resolved<ServedFor<Task>> {
    if (name === undefined) return { model: this.onlyOne(task), role: null };
    const { model, role } = this.find(name);
    if (isFor(model, task)) return { model, role };
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
  first<Task extends TaskName>(task: Task): ServedFor<Task> {
    const [found] = this.modelsFor(task);
    if (found === undefined) throw new HotvecError('not_found', this.noneFor(task));
    return found;
  }

  /** In the order of the settings. */
  modelsFor<Task extends TaskName>(task: Task): ServedFor<Task>[] {
    return this.models.filter((model) => isFor(model, task));
  }

  /**
   * The model that a request names, whatever it does. A suffix that chooses a prompt means nothing of one that has none.
   * @throws {HotvecError} model_not_found, listing what is served.
   */
  find(name: string): Resolved {
    const found = this.byName.find(name);
    if (found !== undefined && (found.role === null || found.model.task === 'embed')) return found;
    throw new HotvecError(
      'model_not_found',
      `This server does not serve that model; it serves ${listOf(this.names)}.`,
      {
        param: 'model',
      },
    );
  }

  private onlyOne<Task extends TaskName>(task: Task): ServedFor<Task> {
    const [only, ...others] = this.modelsFor(task);
    if (only === undefined) throw new HotvecError('invalid_input', this.noneFor(task), { param: 'model' });
    if (others.length === 0) return only;
    throw new HotvecError('invalid_input', `model is missing; this server serves ${listOf(this.namesFor(task))}.`, {
      param: 'model',
    });
  }

  private noneFor(task: TaskName): string {
    const served = this.models.map((model) => `${model.name} ${TASKS[model.task]}`).join(', ');
    return `No model of this server ${TASKS[task]}: ${served}. ${SERVE_ONE[task]}`;
  }
}

function isFor<Task extends TaskName>(model: { task: TaskName }, task: Task): model is ServedFor<Task> {
  return model.task === task;
}

function listOf(names: readonly { name: string }[]): string {
  return names.map(({ name }) => name).join(', ');
}

function namesOf<Model extends Pick<ServedModel, 'names'>>(models: readonly Model[]): { name: string; model: Model }[] {
  return models.flatMap((model) => model.names.map((name) => ({ name, model })));
}
