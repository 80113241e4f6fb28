import type { Role } from '../embedding/prompt.ts';
import { HotvecError, StartError } from '../errors.ts';

/** Suffixes that choose the prompt, for clients that cannot add a field. */
const ROLE_SUFFIXES: readonly [string, Role][] = [
  ['-query', 'query'],
  ['-document', 'document'],
];

/** The names a request's `model` may be: a label matched to this list, never a reason to load anything. */
export class ModelNames {
  readonly served: string;
  /** Served name first. */
  readonly all: readonly string[];

  constructor(served: string, aliases: readonly string[]) {
    this.served = served;
    this.all = [...new Set([served, ...aliases])];
    for (const name of this.all) {
      const [suffix] =
        ROLE_SUFFIXES.find(([end]) => name.endsWith(end) && this.all.includes(name.slice(0, -end.length))) ?? [];
      if (suffix === undefined) continue;
      throw new StartError(
        `ALIASES: ${name} already is a name, which asks for the prompt of ${suffix.slice(1)} texts. Leave it out.`,
      );
    }
  }

  /**
   * @param model undefined: the served model.
   * @returns the prompt that the name asks for.
   * @throws {HotvecError} model_not_found, listing what is served.
   */
  resolve(model: string | undefined): { role: Role | null } {
    if (model === undefined || this.all.includes(model)) return { role: null };
    for (const [suffix, role] of ROLE_SUFFIXES) {
      if (model.endsWith(suffix) && this.all.includes(model.slice(0, -suffix.length))) return { role };
    }
    throw new HotvecError(
      'model_not_found',
      `This server does not serve that model; it serves ${this.all.join(', ')}.`,
      {
        param: 'model',
      },
    );
  }
}
