import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embedMany, RetryError } from 'ai';
import { runClient } from './run-client.mjs';

function connect(url, { model = 'starter', maxRetries = 0, dimensions } = {}) {
  const hotvec = createOpenAICompatible({ name: 'hotvec', baseURL: `${url}/v1`, apiKey: 'unused' });
  const embed = async (values, name = model) => {
    const { embeddings } = await embedMany({
      model: hotvec.embeddingModel(name),
      values,
      maxRetries,
      ...(dimensions && { providerOptions: { hotvec: { dimensions } } }),
    });
    return embeddings;
  };
  return { embed: (texts) => embed(texts), embedQueries: (texts) => embed(texts, `${model}-query`) };
}

function explain(error) {
  const last = RetryError.isInstance(error) ? error.lastError : error;
  if (!APICallError.isInstance(last)) return {};
  const { code, param } = JSON.parse(last.responseBody).error;
  return { class: 'APICallError', status: last.statusCode, code, param: param ?? undefined };
}

await runClient({ connect, explain });
