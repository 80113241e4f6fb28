import { OpenAIEmbedding } from '@llamaindex/openai';
import { runClient } from './run-client.mjs';

function connect(url, { model = 'starter', maxRetries = 0, dimensions } = {}) {
  const of = (name) =>
    new OpenAIEmbedding({ model: name, apiKey: 'unused', baseURL: `${url}/v1`, maxRetries, dimensions });
  return {
    embed: (texts) => of(model).getTextEmbeddings(texts),
    embedQueries: (texts) => of(`${model}-query`).getTextEmbeddings(texts),
  };
}

const explain = ({ status, code, param }) => ({ status, code, param });

await runClient({ connect, explain });
