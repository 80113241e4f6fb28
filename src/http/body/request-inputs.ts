import type { EmbedInput } from '../../tasks/embedding/embedder.ts';
import type { Role } from '../../tasks/embedding/prompt.ts';
import type { roles } from '../openapi/schemas.ts';

/** Token ids of a text: an array, or packed by the worker that read them. */
type TokenIds = ArrayLike<number>;
/** The shapes that inputs come in. */
export type Inputs = string | TokenIds | (string | TokenIds)[];

/**
 * Each input with the name that error messages give it: `input`, or `input[3]` in an array. A list of numbers is one
 * input.
 */
export function nameInputs(field: string, inputs: Inputs): Pick<EmbedInput, 'content' | 'name'>[] {
  if (typeof inputs === 'string' || isTokenIds(inputs)) return [{ content: inputs, name: field }];
  return inputs.map((content, i) => ({ content, name: `${field}[${i}]` }));
}

export function roleOf(inputType: (typeof roles)[number] | undefined): Role | null {
  return inputType === 'passage' ? 'document' : (inputType ?? null);
}

function isTokenIds(inputs: TokenIds | (string | TokenIds)[]): inputs is TokenIds {
  return typeof inputs[0] === 'number';
}
