/** What a text is read as; `default`: what the model puts before a text that asks for none. */
export type PromptKind = 'query' | 'document' | 'default';

export const KIND_NAMES: Record<PromptKind, string> = {
  query: 'as a query',
  document: 'as a document',
  default: 'as the model does by default',
};

/**
 * What texts can be read as, the kind that the API chooses by itself for that side first.
 * @param prompts of the model, by name.
 */
export function promptKinds(side: 'queries' | 'documents', prompts: Readonly<Record<string, string>>): PromptKind[] {
  const own: PromptKind = side === 'queries' ? 'query' : 'document';
  const first: PromptKind = own in prompts ? own : 'default';
  const others: PromptKind[] = 'query' in prompts ? ['query', 'document'] : ['document'];
  return [first, ...others.filter((kind) => kind !== first)];
}
