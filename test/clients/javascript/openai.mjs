import * as sdk from 'openai';
import { runClient } from './run-client.mjs';

const { default: OpenAI } = sdk;

function connect(url, { model = 'starter', maxRetries = 0, dimensions, timeout } = {}) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries, ...(timeout && { timeout }) });
  const embed = async (input, options) => {
    const { data } = await client.embeddings.create({ model, input, ...(dimensions && { dimensions }), ...options });
    return data.map(({ embedding }) => embedding);
  };
  return { client, embed, embedQueries: (input) => embed(input, { model: `${model}-query` }) };
}

/** The class's name as the SDK exports it: a minified or subclassed error still is what `instanceof` says. */
function explain(error) {
  const [known] = Object.entries(sdk).find(([key, one]) => key.endsWith('Error') && one === error.constructor) ?? [];
  return { class: known ?? 'unknown', status: error.status, code: error.code, param: error.param };
}

async function more({ serviceUrl, stubUrl, texts }) {
  const { client, embed } = connect(serviceUrl);
  const [text] = texts;
  const one = await client.embeddings.create({ model: 'starter', input: text });
  const models = [];
  for await (const { id } of client.models.list()) models.push(id);
  const failure = (promise) => promise.then(() => null, explain);
  const request = { model: 'starter', input: [text, ''], encoding_format: 'float', on_error: 'partial' };
  const partial = (await client.embeddings.create(request)).data;
  const stub = (options) => connect(stubUrl, { model: 'stub', ...options });
  return {
    float: await embed(texts, { encoding_format: 'float' }),
    oneText: [...one.data[0].embedding],
    partial: partial.map(({ object, embedding, error }) => [object, embedding?.length ?? error.code]),
    tokens: one.usage.total_tokens,
    models,
    model: (await client.models.retrieve('starter')).id,
    unknownModel: await failure(client.models.retrieve('gpt')),
    timeout: await failure(stub({ timeout: 200 }).embed(['hang'])),
    conflict: await failure(stub({ maxRetries: 2 }).embed(['fingerprint_mismatch'])),
  };
}

await runClient({ connect, explain, more });
