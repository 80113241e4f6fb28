/** Said of the models that come with hotvec. */
const ADVICE: ReadonlyMap<string, string> = new Map([
  [
    'starter',
    'The starter model is for trying the API, not for production: it knows little about the world. For real work, set MODEL=Qwen/Qwen3-Embedding-0.6B.',
  ],
  [
    'starter-reranker',
    'The starter reranker demonstrates /v1/rerank and nothing else: its scores say nothing about relevance. For real work, set MODEL=Qwen/Qwen3-Reranker-0.6B.',
  ],
]);

/** What whoever uses a model should know that comes with hotvec; undefined of any other. @param model as MODEL names it. */
export function adviceOn(model: string): string | undefined {
  return ADVICE.get(model);
}
