import { InferenceClient } from '@huggingface/inference';
import { runClient } from './run-client.mjs';

/** TEI's API. The package cannot name a model to an endpoint, and asks again after 503 at once, without end. */
function connect(url, { maxRetries = 0, dimensions } = {}) {
  const client = new InferenceClient('unused', { endpointUrl: `${url}/embed`, retry_on_error: maxRetries > 0 });
  const embed = (inputs, options) => client.featureExtraction({ inputs, dimensions, ...options });
  return { embed: (texts) => embed(texts), embedQueries: (texts) => embed(texts, { prompt_name: 'query' }) };
}

async function more({ serviceUrl, texts }) {
  const client = new InferenceClient('unused', { endpointUrl: `${serviceUrl}/similarity` });
  const [source_sentence, ...sentences] = texts;
  return { similarities: await client.sentenceSimilarity({ inputs: { source_sentence, sentences } }) };
}

await runClient({ connect, explain: (error) => ({ status: error.httpResponse?.status }), more });
