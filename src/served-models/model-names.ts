import type { Role } from '../tasks/embedding/prompt.ts';

/** Suffixes that choose the prompt, for clients that cannot add a field. */
const ROLE_SUFFIXES: readonly [string, Role][] = [
  ['-query', 'query'],
  ['-document', 'document'],
  ['-passage', 'document'],
];

/** What Ollama's clients mean, and often write, behind a name without a tag. */
const LATEST = ':latest';

/**
 * What `model` may be in a request: a label matched against a list, never a reason to load anything. Names match with
 * and without `:latest`, and in any case, as Ollama's do.
 */
export class ModelNames<Model> {
  private readonly models = new Map<string, Model>();

  /** @param models none of which has a name of another, see `nameProblems`. */
  constructor(models: readonly { readonly names: readonly string[]; readonly model: Model }[]) {
    for (const { names, model } of models) for (const name of names) this.models.set(name.toLowerCase(), model);
  }

  /** The model of that name, and the prompt that a suffix of it asks for; undefined: no model has it. */
  find(name: string): { model: Model; role: Role | null } | undefined {
    const model = this.named(name);
    return model === undefined ? this.withSuffix(name) : { model, role: null };
  }

  /** The model that a name means by a suffix, whether or not it is itself a name of one. */
  withSuffix(name: string): { model: Model; role: Role } | undefined {
    const inLowerCase = name.toLowerCase();
    for (const form of [inLowerCase, withoutLatest(inLowerCase)]) {
      for (const [suffix, role] of ROLE_SUFFIXES) {
        const model = form.endsWith(suffix) ? this.named(form.slice(0, -suffix.length)) : undefined;
        if (model !== undefined) return { model, role };
      }
    }
    return undefined;
  }

  private named(name: string): Model | undefined {
    const form = name.toLowerCase();
    return [form, form + LATEST, withoutLatest(form)]
      .map((one) => this.models.get(one))
      .find((one) => one !== undefined);
  }
}

function withoutLatest(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name;
}

/** What is wrong with the names of models, a line for each name that could mean two things. */
export function nameProblems(models: readonly (readonly string[])[]): string[] {
  const problems: string[] = [];
  const owners = new Map<string, number>();
  for (const [model, names] of models.entries()) {
    for (const name of names) {
      const form = withoutLatest(name.toLowerCase());
      const owner = owners.get(form);
      owners.set(form, model);
      if (owner === undefined || owner === model) continue;
      problems.push(
        `Two models have the name ${name}. List them in MODELS_FILE, and set served_model_name or aliases there.`,
      );
    }
  }
  const all = new ModelNames(models.map((names) => ({ names, model: names[0] })));
  for (const name of models.flat()) {
    const meant = all.withSuffix(name);
    if (meant === undefined) continue;
    problems.push(`ALIASES: ${name} is already a name, which selects the ${meant.role} prompt. Remove it.`);
  }
  return problems;
}
