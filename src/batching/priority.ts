/** Which lane of the queue a request waits in. */
export type Priority = 'interactive' | 'bulk';

/** Tokens that a request may take per turn. Small enough that a query is never more than a turn behind a book. */
export const TURN_TOKENS = 256;

/** More inputs than someone at a screen would wait for. */
const FEW_INPUTS = 8;

/** The lane of a request that names none: few inputs, or no more than one turn's tokens, are someone's query. */
export function defaultPriority(inputs: number, tokens: number): Priority {
  return inputs <= FEW_INPUTS || tokens <= TURN_TOKENS ? 'interactive' : 'bulk';
}
