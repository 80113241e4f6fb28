import { HotvecError } from '../../errors.ts';
import type { EmbeddingFacts } from './embedder.ts';

/** What a text is in a search; models trained for retrieval put another prompt before each. */
export type Role = 'query' | 'document';

export interface PromptChoice {
  /** null: no prompt. */
  role: Role | null;
  /** A task of the client's own instead of the model's; implies the query role. */
  instruction: string | null;
  /** Name of one of the model's prompts, whatever role it is for; comes before the role. */
  promptName?: string | undefined;
}

/** What a model has to put before texts. */
export type PromptFacts = Pick<EmbeddingFacts, 'prompts' | 'defaultPrompt' | 'takesInstructions'>;

/** What models that take instructions were trained with, as their model cards have it. No space after `Query:`. */
const instructionPrompt = (instruction: string) => `Instruct: ${instruction}\nQuery:`;

/**
 * The text to put before each input.
 * @throws {HotvecError} invalid_input for an instruction on documents or to a model that knows none, or a prompt that the
 * model does not have.
 */
export function choosePrompt({ role, instruction, promptName }: PromptChoice, model: PromptFacts): string {
  const { prompts, defaultPrompt, takesInstructions } = model;
  if (promptName !== undefined) return promptOfName(promptName, prompts);
  if (instruction !== null) {
    if (!takesInstructions) {
      throw new HotvecError('invalid_input', 'This model was not trained with instructions; omit instruction.', {
        param: 'instruction',
      });
    }
    if (role === 'document') {
      throw new HotvecError(
        'invalid_input',
        'An instruction is for queries; documents are embedded without one. Omit one of the two.',
        {
          param: 'instruction',
        },
      );
    }
    return instructionPrompt(instruction);
  }
  if (role === null) return defaultPrompt;
  const prompt = prompts[role];
  if (prompt === undefined && role === 'query') {
    throw new HotvecError('invalid_input', 'This model has no query prompt; omit input_type.', {
      param: 'input_type',
    });
  }
  // Not the default one, which may be that of queries: sentence-transformers puts nothing before such documents.
  return prompt ?? '';
}

function promptOfName(name: string, prompts: PromptFacts['prompts']): string {
  // Not what every object has: `constructor` is not a prompt.
  const prompt = Object.hasOwn(prompts, name) ? prompts[name] : undefined;
  if (prompt !== undefined) return prompt;
  const names = Object.keys(prompts);
  const found = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  throw new HotvecError('invalid_input', `This model has no prompt of that name; ${found}.`, { param: 'prompt_name' });
}
