// LangChain. `embeddings` goes wherever LangChain asks for embeddings, such as into any of its vector stores.
import { cosineSimilarity } from '@langchain/core/utils/math';
import { OpenAIEmbeddings } from '@langchain/openai';

const options = {
  apiKey: process.env.HOTVEC_API_KEY ?? 'none',
  configuration: { baseURL: `${process.env.HOTVEC_URL ?? 'http://127.0.0.1:8080'}/v1` },
  // LangChain makes spaces of line breaks unless told otherwise.
  stripNewLines: false,
};

/** Queries get the model's query prompt, documents none: the name of the model says which is which. */
class HotvecEmbeddings extends OpenAIEmbeddings {
  queries = new OpenAIEmbeddings({ ...options, model: 'starter-query' });
  embedQuery(text) {
    return this.queries.embedQuery(text);
  }
}

const embeddings = new HotvecEmbeddings({ ...options, model: 'starter' });
const documents = ['The capital of China is Beijing.', 'Gravity attracts bodies towards each other.'];
const vectors = await embeddings.embedDocuments(documents);

for (const question of ['What is the capital of China?', 'Explain gravity']) {
  const [scores] = cosineSimilarity([await embeddings.embedQuery(question)], vectors);
  const best = scores.indexOf(Math.max(...scores));
  console.log(`${question} → ${documents[best]}`);
}
