import { StartError } from '../errors.ts';
import type { Json } from './read-json.ts';

export interface Prompts {
  prompts: Record<string, string>;
  defaultPrompt: string;
}

/** Names that models give to the document prompt, in the order in which sentence-transformers looks for one. */
const DOCUMENT_NAMES = ['document', 'passage', 'corpus'];

/**
 * Prompts as config_sentence_transformers.json has them, the document prompt also under the name `document`.
 * @throws {StartError} for a default_prompt_name that names none.
 */
export function readPrompts(config: Json | undefined): Prompts {
  const listed = config?.prompts;
  const prompts = Object.fromEntries(
    Object.entries(typeof listed === 'object' && listed !== null ? listed : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
  const document = DOCUMENT_NAMES.find((name) => prompts[name] !== undefined);
  if (document !== undefined) prompts.document = prompts[document] as string;
  const name = config?.default_prompt_name;
  if (typeof name !== 'string') return { prompts, defaultPrompt: '' };
  const defaultPrompt = prompts[name];
  if (defaultPrompt === undefined) {
    throw new StartError(
      `config_sentence_transformers.json: default_prompt_name is ${name}, and no prompt has that name.`,
    );
  }
  return { prompts, defaultPrompt };
}
