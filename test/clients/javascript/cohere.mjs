import { CohereClientV2 } from 'cohere-ai';
import { runClient } from './run-client.mjs';

function connect(url, { model = 'starter', maxRetries = 0, dimensions } = {}) {
  const client = new CohereClientV2({ token: 'unused', environment: url });
  const embed = async (texts, inputType) => {
    const request = { model, texts, inputType, embeddingTypes: ['float'], outputDimension: dimensions };
    return (await client.embed(request, { maxRetries })).embeddings.float;
  };
  return {
    embed: (texts) => embed(texts, 'search_document'),
    embedQueries: (texts) => embed(texts, 'search_query'),
  };
}

await runClient({ connect, explain: ({ statusCode }) => ({ status: statusCode }) });
