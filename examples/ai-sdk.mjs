// Vercel's AI SDK, with its provider for servers that speak the OpenAI API.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { cosineSimilarity, embed, embedMany } from 'ai';

const hotvec = createOpenAICompatible({
  name: 'hotvec',
  baseURL: `${process.env.HOTVEC_URL ?? 'http://127.0.0.1:8080'}/v1`,
  apiKey: process.env.HOTVEC_API_KEY ?? 'none',
});

const documents = ['The capital of China is Beijing.', 'The capital of France is Paris.'];
const { embeddings, usage } = await embedMany({ model: hotvec.embeddingModel('starter'), values: documents });
console.log(`${embeddings.length} vectors of ${usage.tokens} tokens`);

// The model's query prompt, by the model's name.
const { embedding } = await embed({
  model: hotvec.embeddingModel('starter-query'),
  value: 'What is the capital of China?',
});
for (const [i, document] of documents.entries()) {
  console.log(`${cosineSimilarity(embedding, embeddings[i]).toFixed(2)} ${document}`);
}
