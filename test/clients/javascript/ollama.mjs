import { Ollama } from 'ollama';
import { runClient } from './run-client.mjs';

/** The package never retries. */
function connect(url, { model = 'starter', dimensions } = {}) {
  const client = new Ollama({ host: url, headers: { authorization: 'Bearer unused' } });
  const embed = async (input, name = model) => (await client.embed({ model: name, input, dimensions })).embeddings;
  return { embed: (texts) => embed(texts), embedQueries: (texts) => embed(texts, `${model}-query`) };
}

await runClient({ connect, explain: (error) => ({ status: error.status_code }) });
