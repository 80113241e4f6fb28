import { Ollama } from 'ollama';
import { runClient } from './run-client.mjs';

/** The package never retries. */
function connect(url, { model = 'starter', dimensions } = {}) {
  const client = new Ollama({ host: url, headers: { authorization: 'Bearer unused' } });
  const embed = async (input, name = model) => (await client.embed({ model: name, input, dimensions })).embeddings;
  return { embed: (texts) => embed(texts), embedQueries: (texts) => embed(texts, `${model}-query`) };
}

/** Its users embed all their texts in one request, however many; and ask what there is. */
async function more({ serviceUrl, texts }) {
  const client = new Ollama({ host: serviceUrl });
  const input = Array.from({ length: 3000 }, (_, i) => texts[i % texts.length]);
  const { embeddings } = await client.embed({ model: 'starter:latest', input });
  const show = await client.show({ model: 'starter', system: 'x', template: 'y', options: { num_ctx: 1 } });
  return {
    many: embeddings,
    old: (await client.embeddings({ model: 'starter', prompt: texts[0] })).embedding,
    capabilities: show.capabilities,
    listed: (await client.list()).models.map(({ name }) => name),
    loaded: (await client.ps()).models.map(({ name }) => name),
    version: (await client.version()).version.split('.').length,
  };
}

await runClient({ connect, explain: (error) => ({ status: error.status_code }), more });
