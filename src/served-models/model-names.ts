import { HotvecError, StartError } from '../errors.ts';
import type { Role } from '../tasks/embedding/prompt.ts';

/** Suffixes that choose the prompt, for clients that cannot add a field. */
const ROLE_SUFFIXES: readonly [string, Role][] = [
  ['-query', 'query'],
  ['-document', 'document'],
  ['-passage', 'document'],
];

/** What Ollama's clients mean, and often write, behind a name without a tag. */
const LATEST = ':latest';

/** The names a request's `model` may be: a label matched to this list, never a reason to load anything. */
export class ModelNames {
  readonly served: string;
  /** Served name first. */
  readonly all: readonly string[];
  private readonly inLowerCase: ReadonlySet<string>;

  constructor(served: string, aliases: readonly string[]) {
    this.served = served;
    this.all = [...new Set([served, ...aliases])];
    this.inLowerCase = new Set(this.all.map((name) => name.toLowerCase()));
    for (const name of this.all) {
      const role = this.roleOf(name);
      if (role === null) continue;
      throw new StartError(
        `ALIASES: ${name} already is a name, which asks for the prompt of ${role} texts. Leave it out.`,
      );
    }
  }

  /**
   * Names match with and without `:latest`, and in any case, as Ollama's do: all of them name the one model.
   *
   * @param model undefined: the served model.
   * @returns the prompt that the name asks for.
   * @throws {HotvecError} model_not_found, listing what is served.
   */
  resolve(model: string | undefined): { role: Role | null } {
    if (model === undefined || this.has(model)) return { role: null };
    const role = this.roleOf(model);
    if (role !== null) return { role };
    throw new HotvecError(
      'model_not_found',
      `This server does not serve that model; it serves ${this.all.join(', ')}.`,
      {
        param: 'model',
      },
    );
  }

  /** Whether it is a name as it is, not one with a suffix that chooses the prompt. */
  has(name: string): boolean {
    const form = name.toLowerCase();
    return [form, form + LATEST, withoutLatest(form)].some((one) => this.inLowerCase.has(one));
  }

  private roleOf(name: string): Role | null {
    const inLowerCase = name.toLowerCase();
    for (const form of [inLowerCase, withoutLatest(inLowerCase)]) {
      const found = ROLE_SUFFIXES.find(([suffix]) => form.endsWith(suffix) && this.has(form.slice(0, -suffix.length)));
      if (found !== undefined) return found[1];
    }
    return null;
  }
}

function withoutLatest(name: string): string {
  return name.endsWith(LATEST) ? name.slice(0, -LATEST.length) : name;
}
