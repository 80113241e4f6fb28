import { OpenAIEmbeddings } from '@langchain/openai';
import { runClient } from './run-client.mjs';

function connect(url, { model = 'starter', maxRetries = 0, dimensions } = {}) {
  const of = (name) =>
    new OpenAIEmbeddings({
      model: name,
      apiKey: 'unused',
      configuration: { baseURL: `${url}/v1` },
      // One request a call; by default it sends 512 texts at a time.
      batchSize: 2048,
      // By default line breaks become spaces, which is another text.
      stripNewLines: false,
      maxRetries,
      ...(dimensions && { dimensions }),
    });
  const queries = of(`${model}-query`);
  return {
    embed: (texts) => of(model).embedDocuments(texts),
    embedQueries: (texts) => Promise.all(texts.map((text) => queries.embedQuery(text))),
  };
}

const explain = ({ status, code, param }) => ({ status, code, param });

await runClient({ connect, explain });
