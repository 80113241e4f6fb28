// OpenAI's own package: change the base URL, and nothing else.
import OpenAI from 'openai';

const url = process.env.HOTVEC_URL ?? 'http://127.0.0.1:8080';
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.HOTVEC_API_KEY ?? 'none' });

// One vector for each text, in the order of the texts.
const { data, usage } = await client.embeddings.create({
  model: 'starter',
  input: ['The capital of China is Beijing.', '中国的首都是北京。'],
  dimensions: 64,
});
for (const { index, embedding } of data) console.log(`text ${index}: ${embedding.length} numbers`);
console.log(`${usage.total_tokens} tokens`);

// Errors have a code for programs, and say which field is wrong.
try {
  await client.embeddings.create({ model: 'starter', input: ['a text', ''] });
} catch (error) {
  console.log(`${error.code}: ${error.message}`);
}
