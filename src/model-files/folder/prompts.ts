import { StartError } from '../../errors.ts';
import { refuseField } from './check-fields.ts';
import type { Json } from './read-json.ts';

const FILE = 'config_sentence_transformers.json';

export interface Prompts {
  prompts: Record<string, string>;
  defaultPrompt: string;
}

/** Names of prompts that every model has in sentence-transformers, empty if none are given. */
const ALWAYS_THERE = new Set(['query', 'document']);
/** Names that models give to the document prompt, in the order in which sentence-transformers looks for one. */
const DOCUMENT_NAMES = ['document', 'passage', 'corpus'];

/**
 * Prompts as config_sentence_transformers.json has them, the document prompt also under the name `document`.
 * @throws {StartError} for a prompt that is not a string, or a default_prompt_name that names no prompt.
 */
export function readPrompts(config: Json | undefined): Prompts {
  const listed = config?.prompts ?? {};
  if (typeof listed !== 'object' || Array.isArray(listed)) throw refuseField(FILE, 'prompts', listed, 'only an object');
  const prompts: Record<string, string> = {};
  for (const [name, prompt] of Object.entries(listed)) {
    // null is how sentence-transformers writes a prompt that was not given.
    if (typeof (prompt ?? '') !== 'string') throw refuseField(FILE, `prompts.${name}`, prompt, 'only strings');
    prompts[name] = prompt ?? '';
  }
  const document = DOCUMENT_NAMES.find((name) => prompts[name] !== undefined);
  if (document !== undefined) prompts.document = prompts[document] as string;
  const name = config?.default_prompt_name ?? null;
  if (name === null) return { prompts, defaultPrompt: '' };
  if (typeof name !== 'string')
    throw refuseField(FILE, 'default_prompt_name', name, 'only the name of a prompt, or null');
  const defaultPrompt = Object.hasOwn(prompts, name) ? prompts[name] : ALWAYS_THERE.has(name) ? '' : undefined;
  if (defaultPrompt === undefined) {
    throw new StartError(`${FILE}: default_prompt_name is ${name}, but no prompt has that name.`);
  }
  return { prompts, defaultPrompt };
}
