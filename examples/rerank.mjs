// Vectors find a few candidates among many documents; a reranker reads query and document together and puts them in order.
import OpenAI from 'openai';

const baseURL = `${process.env.HOTVEC_URL ?? 'http://127.0.0.1:8080'}/v1`;
const client = new OpenAI({ baseURL, apiKey: process.env.HOTVEC_API_KEY ?? 'none' });
const query = 'How do I reach the airport?';
const documents = [
  'The capital of China is Beijing.',
  'The airport is closed.',
  'To bake bread you need flour, water, salt and yeast.',
  'The train to the airport leaves every ten minutes.',
];

const embed = (model, input) => client.embeddings.create({ model, input });
const [{ embedding: wanted }] = (await embed('starter-query', query)).data;
const { data } = await embed('starter-document', documents);
const scores = data.map(({ embedding }) => embedding.reduce((sum, x, i) => sum + x * wanted[i], 0));

const byScore = documents.map((text, i) => ({ text, score: scores[i] })).sort((a, b) => b.score - a.score);
const found = byScore.slice(0, 3);
for (const { text, score } of found) console.log(`found ${score.toFixed(2)} ${text}`);

const body = { model: 'starter-reranker', query, documents: found.map(({ text }) => text) };
const { results } = await client.post('/rerank', { body });
for (const { index, relevance_score } of results) console.log('ranked', relevance_score.toFixed(6), found[index].text);
