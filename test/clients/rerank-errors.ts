const notFound = { class: 'NotFoundError', status: 404 };
/** What looks for Jina's `detail` in the body of an error. */
const withoutDetail = { class: 'KeyError', status: null };

/** How each client of rerankers shows its user that there is no such model; null: it cannot name one. */
export const rerankErrors: Record<string, { class: string; status: number | null } | null> = {
  'cohere-ai v1': notFound,
  'cohere-ai v2': notFound,
  '@ai-sdk/cohere': { class: 'APICallError', status: 404 },
  '@langchain/cohere': notFound,
  '@llamaindex/cohere': notFound,
  'cohere v1': notFound,
  'cohere v2': notFound,
  'litellm hosted_vllm/': notFound,
  'litellm jina_ai/': notFound,
  'litellm cohere/': notFound,
  'litellm infinity/': notFound,
  'langchain-cohere': notFound,
  'cohere-haystack': notFound,
  'jina-haystack': withoutDetail,
  'huggingface-api-haystack': null,
  'llama-index-postprocessor-cohere-rerank': notFound,
  'llama-index-postprocessor-jinaai-rerank': withoutDetail,
  'llama-index-postprocessor-tei-rerank': null,
};
